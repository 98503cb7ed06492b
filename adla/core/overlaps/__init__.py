"""Measures of how well two boxes fit: IoU and IoF, distances, Gaussians, and SimD.

Every measure is a function of boxes in xyxy pixels and knows nothing of assignment; a new
similarity goes here.
"""

from .bbox_overlaps import aligned_iof, aligned_iou, as_columns, pairwise_iof, pairwise_iou
from .distance_overlaps import check_scale, ciou, diou, dotd, iou
from .gaussian_overlaps import RFDKind, check_nwd_constant, check_rfd_kind, nwd, rfd
from .similarity_distance import check_similarity_scales, simd

__all__ = [
    "RFDKind",
    "aligned_iof",
    "aligned_iou",
    "as_columns",
    "check_nwd_constant",
    "check_rfd_kind",
    "check_scale",
    "check_similarity_scales",
    "ciou",
    "diou",
    "dotd",
    "iou",
    "nwd",
    "pairwise_iof",
    "pairwise_iou",
    "rfd",
    "simd",
]
