"""Label assigners."""

from .adaptive_dynamic_assigner import AdaptiveDynamicAssigner
from .msla_assigner import MSLAAssigner
from .sparse_max_iou_assigner import SparseMaxIoUAssigner

__all__ = ["AdaptiveDynamicAssigner", "MSLAAssigner", "SparseMaxIoUAssigner"]
