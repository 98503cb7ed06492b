"""Hooks, registered in mmdet's HOOKS."""

from .assign_progress_hook import AssignProgressHook
from .assign_stats_hook import AssignStatsHook
from .atomic_checkpoint_hook import AtomicCheckpointHook
from .channels_last_hook import ChannelsLastHook
from .checkpoint_check_hook import CheckpointCheckHook
from .exact_resume_hook import ExactResumeHook
from .metric_table_hook import MetricTableHook
from .update_ema_hook import RampedEMA, UpdateEMAHook
from .yolov8_schedule_hook import YOLOv8ScheduleHook

__all__ = [
    "AssignProgressHook",
    "AssignStatsHook",
    "AtomicCheckpointHook",
    "ChannelsLastHook",
    "CheckpointCheckHook",
    "ExactResumeHook",
    "MetricTableHook",
    "RampedEMA",
    "UpdateEMAHook",
    "YOLOv8ScheduleHook",
]
