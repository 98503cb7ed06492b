"""Adaptive dynamic label assignment (ADLA): thresholds per ground truth on a dynamic IoU.

The rule says what is measured and from where on it counts; a dense and a sparse engine apply it to
one image and give the same bits.
"""

from .assignment import AdaptiveAssignment, Engine, assign_adaptive
from .dynamic_iou import dynamic_iou, matching_degree
from .matching_weights import matching_weights
from .rule import AssignmentRule, MaxPositives, Metric
from .schedule import ALPHA_DECAY, alpha_at
from .thresholds import adaptive_thresholds

__all__ = [
    "ALPHA_DECAY",
    "AdaptiveAssignment",
    "AssignmentRule",
    "Engine",
    "MaxPositives",
    "Metric",
    "adaptive_thresholds",
    "alpha_at",
    "assign_adaptive",
    "dynamic_iou",
    "matching_degree",
    "matching_weights",
]
