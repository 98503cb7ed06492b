"""mmdet's anchor heads with an assigner that sees the predictions."""

import torch
from mmdet.models.dense_heads import ATSSHead, RetinaHead, RPNHead, SSDHead
from mmdet.registry import MODELS
from torch import Tensor

from .prediction_aware import PredictionAwareMixin


@MODELS.register_module()
class AdlaRetinaHead(PredictionAwareMixin, RetinaHead):
    """RetinaNet's head for ``AdaptiveDynamicAssigner``; same parameters, losses and inference."""


@MODELS.register_module()
class AdlaRPNHead(PredictionAwareMixin, RPNHead):
    """The region proposal head for ``AdaptiveDynamicAssigner``; same parameters and inference."""


@MODELS.register_module()
class AdlaSSDHead(PredictionAwareMixin, SSDHead):
    """SSD's head for ``AdaptiveDynamicAssigner`` and for any other; same parameters and losses.

    It predicts, which mmdet's own ``SSDHead`` does not in 3.3.0 nor 3.5.1: the inference asks every
    head for ``loss_cls``, and ``SSDHead`` has none.
    """

    loss_cls = None


@MODELS.register_module()
class AdlaATSSHead(PredictionAwareMixin, ATSSHead):
    """ATSS's head for ``AdaptiveDynamicAssigner``; same parameters and inference.

    The centerness weighs the box loss and, in testing, the score. Anchors centered outside their
    object have 0, so an object that gets no others teaches the head no box: with anchors of 16 px
    on stride 8 that happens to about half of the squares of 6 px and to none from 8 px on.
    """

    def centerness_target(self, anchors: Tensor, gts: Tensor) -> Tensor:
        """Compute the centerness of positive anchors, also of those centered outside their object.

        ATSS assigns an anchor to an object only if its center lies inside. Another assigner may
        not; then the distances to two sides are negative, and the centerness is not a number, or,
        outside along both axes, a product of two negatives that looks like a good one. Such an
        anchor gets 0, as on the border.

        Args:
            anchors: Positive anchors of shape (P, 4), xyxy in pixels.
            gts: Ground truths assigned to them, shape (P, 4), xyxy in pixels.

        Returns:
            Centerness of shape (P,), in [0, 1].
        """
        centers = (anchors[:, :2] + anchors[:, 2:]) / 2
        nearest = torch.clamp(centers, gts[:, :2], gts[:, 2:])
        return super().centerness_target(nearest.repeat(1, 2), gts)
