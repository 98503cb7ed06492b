"""What runs beside the training."""

from .hooks import AssignProgressHook, AssignStatsHook, MetricTableHook
from .optim_wrappers import MixedPrecisionOptimWrapper

__all__ = ["AssignProgressHook", "AssignStatsHook", "MetricTableHook", "MixedPrecisionOptimWrapper"]
