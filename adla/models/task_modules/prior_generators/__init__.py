"""Prior generators."""

from .receptive_field_generator import ReceptiveFieldGenerator
from .receptive_fields import theoretical_receptive_fields
from .strided_points import StridedPointGenerator

__all__ = ["ReceptiveFieldGenerator", "StridedPointGenerator", "theoretical_receptive_fields"]
