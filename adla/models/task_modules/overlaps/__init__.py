"""Overlap calculators."""

from .distance_overlaps import CIoUOverlaps2D, DIoUOverlaps2D, DotDOverlaps2D
from .gaussian_overlaps import NWDOverlaps2D, RFDOverlaps2D
from .similarity_overlaps import SimDOverlaps2D

__all__ = [
    "CIoUOverlaps2D",
    "DIoUOverlaps2D",
    "DotDOverlaps2D",
    "NWDOverlaps2D",
    "RFDOverlaps2D",
    "SimDOverlaps2D",
]
