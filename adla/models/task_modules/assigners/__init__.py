"""Label assigners."""

from .adaptive_dynamic_assigner import AdaptiveDynamicAssigner
from .blockwise_max_iou_assigner import BlockwiseMaxIoUAssigner
from .msla_assigner import MSLAAssigner
from .ranking_assigner import HierarchicalAssigner, RankingAssigner
from .sparse_max_iou_assigner import SparseMaxIoUAssigner
from .yolov8_assigner import YOLOv8Assigner

__all__ = [
    "AdaptiveDynamicAssigner",
    "BlockwiseMaxIoUAssigner",
    "HierarchicalAssigner",
    "MSLAAssigner",
    "RankingAssigner",
    "SparseMaxIoUAssigner",
    "YOLOv8Assigner",
]
