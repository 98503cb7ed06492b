"""Dense heads whose assigner sees what the network predicts."""

from .adla_heads import AdlaATSSHead, AdlaRetinaHead, AdlaRPNHead, AdlaSSDHead
from .dal_retina_head import DALRetinaHead
from .fsanet_head import FSANetHead
from .m_centernet_head import MCenterNetHead
from .msla_head import MSLAHead
from .oscar_head import OSCARHead
from .prediction_aware import PredictionAwareMixin
from .yolov5_head import YOLOv5Head

__all__ = [
    "AdlaATSSHead",
    "AdlaRPNHead",
    "AdlaRetinaHead",
    "AdlaSSDHead",
    "DALRetinaHead",
    "FSANetHead",
    "MCenterNetHead",
    "MSLAHead",
    "OSCARHead",
    "PredictionAwareMixin",
    "YOLOv5Head",
]
