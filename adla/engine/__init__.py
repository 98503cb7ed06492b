"""What runs beside the training."""

from .hooks import (
    AssignProgressHook,
    AssignStatsHook,
    MetricTableHook,
    UpdateEMAHook,
    YOLOv8ScheduleHook,
)
from .optim_wrappers import SummingOptimWrapper

__all__ = [
    "AssignProgressHook",
    "AssignStatsHook",
    "MetricTableHook",
    "SummingOptimWrapper",
    "UpdateEMAHook",
    "YOLOv8ScheduleHook",
]
