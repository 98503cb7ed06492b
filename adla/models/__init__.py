"""Heads and task modules, registered in mmdet's registries."""

from .dense_heads import AdlaRetinaHead, AdlaRPNHead, PredictionAwareMixin
from .task_modules import AdaptiveDynamicAssigner

__all__ = ["AdaptiveDynamicAssigner", "AdlaRPNHead", "AdlaRetinaHead", "PredictionAwareMixin"]
