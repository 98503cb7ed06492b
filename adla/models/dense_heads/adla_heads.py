"""mmdet's anchor heads with an assigner that sees the predictions."""

from mmdet.models.dense_heads import RetinaHead, RPNHead
from mmdet.registry import MODELS

from .prediction_aware import PredictionAwareMixin


@MODELS.register_module()
class AdlaRetinaHead(PredictionAwareMixin, RetinaHead):
    """RetinaNet's head for ``AdaptiveDynamicAssigner``; same parameters, losses and inference."""


@MODELS.register_module()
class AdlaRPNHead(PredictionAwareMixin, RPNHead):
    """The region proposal head for ``AdaptiveDynamicAssigner``; same parameters and inference."""
