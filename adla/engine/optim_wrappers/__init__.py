"""Optimizer wrappers, registered in mmdet's OPTIM_WRAPPERS."""

from .gradient_sum import GradientSum, SummingOptimWrapper

__all__ = ["GradientSum", "SummingOptimWrapper"]
