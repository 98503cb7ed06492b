"""Dense heads whose assigner sees what the network predicts."""

from .adla_heads import AdlaRetinaHead, AdlaRPNHead
from .msla_head import MSLAHead
from .oscar_head import OSCARHead
from .prediction_aware import PredictionAwareMixin

__all__ = ["AdlaRPNHead", "AdlaRetinaHead", "MSLAHead", "OSCARHead", "PredictionAwareMixin"]
