"""Optimizer wrappers, registered in mmdet's OPTIM_WRAPPERS."""

from .mixed_precision import MixedPrecisionOptimWrapper

__all__ = ["MixedPrecisionOptimWrapper"]
