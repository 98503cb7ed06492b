"""Dense heads whose assigner sees what the network predicts."""

from .adla_heads import AdlaRetinaHead, AdlaRPNHead
from .prediction_aware import PredictionAwareMixin

__all__ = ["AdlaRPNHead", "AdlaRetinaHead", "PredictionAwareMixin"]
