"""Assigners, box coders, overlap calculators and prior generators, registered in TASK_UTILS."""

from .assigners import (
    AdaptiveDynamicAssigner,
    BlockwiseMaxIoUAssigner,
    HierarchicalAssigner,
    MSLAAssigner,
    RankingAssigner,
    SparseMaxIoUAssigner,
    YOLOv8Assigner,
)
from .coders import CornerOffsetBBoxCoder, DFLPointCoder, YOLOv5BBoxCoder
from .overlaps import (
    CIoUOverlaps2D,
    DIoUOverlaps2D,
    DotDOverlaps2D,
    NWDOverlaps2D,
    RFDOverlaps2D,
    SimDOverlaps2D,
)
from .prior_generators import ReceptiveFieldGenerator, StridedPointGenerator

__all__ = [
    "AdaptiveDynamicAssigner",
    "BlockwiseMaxIoUAssigner",
    "CIoUOverlaps2D",
    "CornerOffsetBBoxCoder",
    "DFLPointCoder",
    "DIoUOverlaps2D",
    "DotDOverlaps2D",
    "HierarchicalAssigner",
    "MSLAAssigner",
    "NWDOverlaps2D",
    "RFDOverlaps2D",
    "RankingAssigner",
    "ReceptiveFieldGenerator",
    "SimDOverlaps2D",
    "SparseMaxIoUAssigner",
    "StridedPointGenerator",
    "YOLOv5BBoxCoder",
    "YOLOv8Assigner",
]
