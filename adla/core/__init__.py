"""Pure-torch building blocks of the assignment methods; nothing here imports mmdet or mmengine."""

from .adaptive_assignment import AdaptiveAssignment, assign_adaptive
from .assignment_rule import AssignmentRule
from .boxes import SIZE_BINS, clean_boxes, size_bin_indices
from .dynamic_iou import dynamic_iou, matching_degree
from .overlaps import pairwise_iof, pairwise_iou
from .schedules import alpha_at
from .thresholds import adaptive_thresholds

__all__ = [
    "SIZE_BINS",
    "AdaptiveAssignment",
    "AssignmentRule",
    "adaptive_thresholds",
    "alpha_at",
    "assign_adaptive",
    "clean_boxes",
    "dynamic_iou",
    "matching_degree",
    "pairwise_iof",
    "pairwise_iou",
    "size_bin_indices",
]
