"""Box coders."""

from .corner_offset_coder import CornerOffsetBBoxCoder
from .dfl_point_coder import DFLPointCoder
from .yolov5_coder import YOLOv5BBoxCoder

__all__ = ["CornerOffsetBBoxCoder", "DFLPointCoder", "YOLOv5BBoxCoder"]
