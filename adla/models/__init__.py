"""Backbones, necks, heads and task modules, registered in mmdet's registries."""

from .backbones import C2fDarknet
from .dense_heads import AdlaRetinaHead, AdlaRPNHead, MSLAHead, OSCARHead, PredictionAwareMixin
from .necks import OSCARFPN, TinyPAFPN
from .task_modules import (
    AdaptiveDynamicAssigner,
    CIoUOverlaps2D,
    CornerOffsetBBoxCoder,
    DFLPointCoder,
    DIoUOverlaps2D,
    DotDOverlaps2D,
    MSLAAssigner,
    SparseMaxIoUAssigner,
    StridedPointGenerator,
)

__all__ = [
    "OSCARFPN",
    "AdaptiveDynamicAssigner",
    "AdlaRPNHead",
    "AdlaRetinaHead",
    "C2fDarknet",
    "CIoUOverlaps2D",
    "CornerOffsetBBoxCoder",
    "DFLPointCoder",
    "DIoUOverlaps2D",
    "DotDOverlaps2D",
    "MSLAAssigner",
    "MSLAHead",
    "OSCARHead",
    "PredictionAwareMixin",
    "SparseMaxIoUAssigner",
    "StridedPointGenerator",
    "TinyPAFPN",
]
