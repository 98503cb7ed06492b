"""What runs beside the training."""

from .hooks import AssignProgressHook, AssignStatsHook, MetricTableHook

__all__ = ["AssignProgressHook", "AssignStatsHook", "MetricTableHook"]
