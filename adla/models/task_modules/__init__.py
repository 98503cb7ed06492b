"""Assigners, registered in mmdet's TASK_UTILS."""

from .assigners import AdaptiveDynamicAssigner

__all__ = ["AdaptiveDynamicAssigner"]
