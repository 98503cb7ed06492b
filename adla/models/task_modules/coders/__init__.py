"""Box coders."""

from .corner_offset_coder import CornerOffsetBBoxCoder
from .dfl_point_coder import DFLPointCoder

__all__ = ["CornerOffsetBBoxCoder", "DFLPointCoder"]
