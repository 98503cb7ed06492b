"""Pure-torch building blocks of the assignment methods; nothing here imports mmdet or mmengine.

One folder a method or purpose; what a folder offers stands in its ``__init__``, and nobody imports
past it.
"""

from .adaptive import (
    AdaptiveAssignment,
    AssignmentRule,
    adaptive_thresholds,
    alpha_at,
    assign_adaptive,
    dynamic_iou,
    matching_degree,
    matching_weights,
)
from .boxes import SIZE_BINS, clean_boxes, size_bin_indices
from .overlaps import ciou, diou, dotd, iou, nwd, pairwise_iof, pairwise_iou, rfd, simd
from .pair_search import OverlappingPairs, overlapping_pairs
from .ranked import RankedAssignment, Ranking, assign_hierarchical, assign_ranked, rank_boxes
from .shape_ratio import ShapeMatches, match_shapes, shape_ratios
from .task_aligned import TaskAlignment, TaskAlignmentRule, assign_task_aligned

__all__ = [
    "SIZE_BINS",
    "AdaptiveAssignment",
    "AssignmentRule",
    "OverlappingPairs",
    "RankedAssignment",
    "Ranking",
    "ShapeMatches",
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
    "match_shapes",
    "matching_degree",
    "matching_weights",
    "nwd",
    "overlapping_pairs",
    "pairwise_iof",
    "pairwise_iou",
    "rank_boxes",
    "rfd",
    "shape_ratios",
    "simd",
    "size_bin_indices",
]
