"""What runs beside the training."""

from adla.compat.family import check_stack

check_stack()

from .hooks import AssignProgressHook, AssignStatsHook, MetricTableHook
from .optim_wrappers import MixedPrecisionOptimWrapper

__all__ = ["AssignProgressHook", "AssignStatsHook", "MetricTableHook", "MixedPrecisionOptimWrapper"]
