"""Measures of how well two boxes fit: IoU and IoF, distances, Gaussians, and SimD.

Every measure is a function of boxes in xyxy pixels and knows nothing of assignment; a new
similarity goes here.
"""

from .bbox_overlaps import aligned_iof, aligned_iou, as_columns, pairwise_iof, pairwise_iou
from .distance_overlaps import check_scale, ciou, diou, dotd, dotd_distance, iou
from .equal_shift import dotd_shift, iou_of_shift, nwd_shift, rfd_shift, simd_shift
from .gaussian_overlaps import (
    RFDKind,
    check_nwd_constant,
    check_rfd_kind,
    nwd,
    nwd_distance,
    rfd,
    rfd_distance,
)
from .similarity_distance import check_similarity_scales, simd, simd_distance

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
    "dotd_distance",
    "dotd_shift",
    "iou",
    "iou_of_shift",
    "nwd",
    "nwd_distance",
    "nwd_shift",
    "pairwise_iof",
    "pairwise_iou",
    "rfd",
    "rfd_distance",
    "rfd_shift",
    "simd",
    "simd_distance",
    "simd_shift",
]
