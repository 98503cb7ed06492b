"""Optimizer wrappers, registered in mmdet's OPTIM_WRAPPERS."""

from .gradient_sum import GradientSum, SummingOptimWrapper
from .mixed_precision import MixedPrecisionOptimWrapper

__all__ = ["GradientSum", "MixedPrecisionOptimWrapper", "SummingOptimWrapper"]
