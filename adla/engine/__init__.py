"""What runs beside the training."""

from .hooks import (
    AssignProgressHook,
    AssignStatsHook,
    MetricTableHook,
    UpdateEMAHook,
    YOLOv8ScheduleHook,
)
from .optim_wrappers import MixedPrecisionOptimWrapper, SummingOptimWrapper

__all__ = [
    "AssignProgressHook",
    "AssignStatsHook",
    "MetricTableHook",
    "MixedPrecisionOptimWrapper",
    "SummingOptimWrapper",
    "UpdateEMAHook",
    "YOLOv8ScheduleHook",
]
