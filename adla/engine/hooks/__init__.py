"""Hooks, registered in mmdet's HOOKS."""

from .assign_progress_hook import AssignProgressHook
from .assign_stats_hook import AssignStatsHook
from .metric_table_hook import MetricTableHook

__all__ = ["AssignProgressHook", "AssignStatsHook", "MetricTableHook"]
