"""Pure-torch building blocks of the assignment methods; nothing here imports mmdet or mmengine."""

from .adaptive_assignment import AdaptiveAssignment, assign_adaptive
from .assignment_rule import AssignmentRule
from .boxes import SIZE_BINS, clean_boxes, size_bin_indices
from .distance_overlaps import ciou, diou, dotd, iou
from .dynamic_iou import dynamic_iou, matching_degree
from .gaussian_overlaps import nwd, rfd
from .overlapping_pairs import OverlappingPairs, overlapping_pairs
from .overlaps import pairwise_iof, pairwise_iou
from .ranked_assignment import RankedAssignment, assign_hierarchical, assign_ranked
from .ranking import Ranking, rank_boxes
from .schedules import alpha_at
from .similarity_distance import simd
from .task_alignment import TaskAlignment, assign_task_aligned
from .task_alignment_rule import TaskAlignmentRule
from .thresholds import adaptive_thresholds

__all__ = [
    "SIZE_BINS",
    "AdaptiveAssignment",
    "AssignmentRule",
    "OverlappingPairs",
    "RankedAssignment",
    "Ranking",
    "TaskAlignment",
    "TaskAlignmentRule",
    "adaptive_thresholds",
    "alpha_at",
    "assign_adaptive",
    "assign_hierarchical",
    "assign_ranked",
    "assign_task_aligned",
    "ciou",
    "clean_boxes",
    "diou",
    "dotd",
    "dynamic_iou",
    "iou",
    "matching_degree",
    "nwd",
    "overlapping_pairs",
    "pairwise_iof",
    "pairwise_iou",
    "rank_boxes",
    "rfd",
    "simd",
    "size_bin_indices",
]
