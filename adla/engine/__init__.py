"""What runs beside the training."""

from adla.compat.prepare import prepare_stack

prepare_stack()

from .hooks import AssignProgressHook, AssignStatsHook, MetricTableHook
from .optim_wrappers import MixedPrecisionOptimWrapper

__all__ = ["AssignProgressHook", "AssignStatsHook", "MetricTableHook", "MixedPrecisionOptimWrapper"]
