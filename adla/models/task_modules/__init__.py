"""Assigners, box coders, overlap calculators and prior generators, registered in TASK_UTILS."""

from .assigners import AdaptiveDynamicAssigner, MSLAAssigner, SparseMaxIoUAssigner
from .coders import CornerOffsetBBoxCoder, DFLPointCoder
from .overlaps import CIoUOverlaps2D, DIoUOverlaps2D, DotDOverlaps2D
from .prior_generators import StridedPointGenerator

__all__ = [
    "AdaptiveDynamicAssigner",
    "CIoUOverlaps2D",
    "CornerOffsetBBoxCoder",
    "DFLPointCoder",
    "DIoUOverlaps2D",
    "DotDOverlaps2D",
    "MSLAAssigner",
    "SparseMaxIoUAssigner",
    "StridedPointGenerator",
]
