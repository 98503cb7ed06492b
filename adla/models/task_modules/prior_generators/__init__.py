"""Prior generators."""

from .strided_points import StridedPointGenerator

__all__ = ["StridedPointGenerator"]
