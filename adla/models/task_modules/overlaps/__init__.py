"""Overlap calculators."""

from .distance_overlaps import CIoUOverlaps2D, DIoUOverlaps2D, DotDOverlaps2D

__all__ = ["CIoUOverlaps2D", "DIoUOverlaps2D", "DotDOverlaps2D"]
