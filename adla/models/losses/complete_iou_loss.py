"""The complete IoU loss as it is printed."""

from typing import Literal

from mmdet.models.losses.utils import weight_reduce_loss
from mmdet.registry import MODELS
from torch import Tensor, nn

from adla.core.overlaps import ciou

Reduction = Literal["none", "mean", "sum"]


@MODELS.register_module()
class CompleteIoULoss(nn.Module):
    """``1 - IoU + rho^2 / c^2 + alpha v`` with alpha at every IoU ("MLSA-YOLOV8", Eq. 2 to 4).

    So YOLOv8 has it, too. mmdet's ``CIoULoss`` drops alpha where the IoU is .5 or less, which for
    tiny objects is where training begins. Alpha is a weight: no gradient runs through it. Computed
    in float32 also under autocast, or in float64 where an input is float64.

    Args:
        reduction: ``none``, ``mean`` or ``sum``.
        loss_weight: Factor of the loss.
    """

    def __init__(self, reduction: Reduction = "mean", loss_weight: float = 1.0) -> None:
        super().__init__()
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | Tensor | None = None,
        reduction_override: Reduction | None = None,
    ) -> Tensor:
        """Return the loss of boxes.

        Args:
            pred: Predicted boxes (N, 4), xyxy in any unit.
            target: Wanted boxes (N, 4), xyxy in that unit.
            weight: Of each box, (N,), or (N, 4), whose mean counts.
            avg_factor: What the sum is divided by; with ``mean`` alone.
            reduction_override: In place of the loss's own reduction.

        Returns:
            A scalar, or shape (N,) with ``none``; each box's loss is in [0, 3).
        """
        if weight is not None and weight.dim() > 1:
            weight = weight.mean(-1)
        loss = weight_reduce_loss(
            1 - ciou(pred, target), weight, reduction_override or self.reduction, avg_factor
        )
        return self.loss_weight * loss
