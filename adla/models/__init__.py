"""Backbones, necks, heads, losses and task modules, registered in mmdet's registries."""

from adla.compat.prepare import prepare_stack

prepare_stack()

from .backbones import C2fDarknet, TimmBackbone, YOLOv5Darknet
from .dense_heads import (
    AdlaATSSHead,
    AdlaRetinaHead,
    AdlaRPNHead,
    AdlaSSDHead,
    DALRetinaHead,
    FSANetHead,
    MCenterNetHead,
    MSLAHead,
    OSCARHead,
    PredictionAwareMixin,
    YOLOv5Head,
)
from .losses import CompleteIoULoss
from .necks import OSCARFPN, FSANetFPN, TinyPAFPN, YOLOv5PAFPN
from .roi_heads import AdlaRoIHead
from .task_modules import (
    AdaptiveDynamicAssigner,
    BlockwiseMaxIoUAssigner,
    CIoUOverlaps2D,
    CornerOffsetBBoxCoder,
    DFLPointCoder,
    DIoUOverlaps2D,
    DotDOverlaps2D,
    HierarchicalAssigner,
    MSLAAssigner,
    NWDOverlaps2D,
    RankingAssigner,
    ReceptiveFieldGenerator,
    RFDOverlaps2D,
    SimDOverlaps2D,
    SparseMaxIoUAssigner,
    StridedPointGenerator,
    YOLOv5BBoxCoder,
    YOLOv8Assigner,
)
from .test_time_augs import VotingTTAModel

__all__ = [
    "OSCARFPN",
    "AdaptiveDynamicAssigner",
    "AdlaATSSHead",
    "AdlaRPNHead",
    "AdlaRetinaHead",
    "AdlaRoIHead",
    "AdlaSSDHead",
    "BlockwiseMaxIoUAssigner",
    "C2fDarknet",
    "CIoUOverlaps2D",
    "CompleteIoULoss",
    "CornerOffsetBBoxCoder",
    "DALRetinaHead",
    "DFLPointCoder",
    "DIoUOverlaps2D",
    "DotDOverlaps2D",
    "FSANetFPN",
    "FSANetHead",
    "HierarchicalAssigner",
    "MCenterNetHead",
    "MSLAAssigner",
    "MSLAHead",
    "NWDOverlaps2D",
    "OSCARHead",
    "PredictionAwareMixin",
    "RFDOverlaps2D",
    "RankingAssigner",
    "ReceptiveFieldGenerator",
    "SimDOverlaps2D",
    "SparseMaxIoUAssigner",
    "StridedPointGenerator",
    "TimmBackbone",
    "TinyPAFPN",
    "VotingTTAModel",
    "YOLOv5BBoxCoder",
    "YOLOv5Darknet",
    "YOLOv5Head",
    "YOLOv5PAFPN",
    "YOLOv8Assigner",
]
