"""Multi-scale label assignment (MSLA): task-aligned, with one overlap measure per pyramid level.

Center sampling leaves few pairs of a padded batch; score and overlap together rank them and give
the target scores.
"""

from .assignment import TaskAlignment, assign_task_aligned
from .rule import Contested, LevelMetric, SmallSides, SoftTarget, TaskAlignmentRule

__all__ = [
    "Contested",
    "LevelMetric",
    "SmallSides",
    "SoftTarget",
    "TaskAlignment",
    "TaskAlignmentRule",
    "assign_task_aligned",
]
