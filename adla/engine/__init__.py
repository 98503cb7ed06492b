"""What runs beside the training."""

from adla.compat.prepare import prepare_stack

prepare_stack()

from .false_alarm_crop import FalseAlarmCrop
from .hooks import (
    AssignProgressHook,
    AssignStatsHook,
    AtomicCheckpointHook,
    ChannelsLastHook,
    CheckpointCheckHook,
    ExactResumeHook,
    MetricTableHook,
    UpdateEMAHook,
    YOLOv8ScheduleHook,
)
from .optim_wrappers import MixedPrecisionOptimWrapper, SummingOptimWrapper

__all__ = [
    "AssignProgressHook",
    "AssignStatsHook",
    "AtomicCheckpointHook",
    "ChannelsLastHook",
    "CheckpointCheckHook",
    "ExactResumeHook",
    "FalseAlarmCrop",
    "MetricTableHook",
    "MixedPrecisionOptimWrapper",
    "SummingOptimWrapper",
    "UpdateEMAHook",
    "YOLOv8ScheduleHook",
]
