"""Boxes as offsets of their corners from those of other boxes."""

from mmdet.models.task_modules.coders import BaseBBoxCoder
from mmdet.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class CornerOffsetBBoxCoder(BaseBBoxCoder):
    """``offset = (box - prior) / stride`` for each of x1, y1, x2, y2, in pixels.

    Args:
        stride: Pixels that an offset of 1 stands for.

    Raises:
        ValueError: If ``stride`` is not positive.
    """

    def __init__(self, stride: float) -> None:
        super().__init__()
        if not stride > 0:
            raise ValueError(f"stride must be positive, but got {stride}")
        self.stride = stride

    def encode(self, bboxes: Tensor, gt_bboxes: Tensor) -> Tensor:
        """Return the offsets (..., 4) from ``bboxes`` to ``gt_bboxes``."""
        return (gt_bboxes - bboxes) / self.stride

    def decode(
        self, bboxes: Tensor, pred_bboxes: Tensor, max_shape: tuple[int, ...] | None = None
    ) -> Tensor:
        """Return the boxes (..., 4) at the offsets, clipped to ``max_shape`` (H, W) if given."""
        decoded = bboxes + pred_bboxes * self.stride
        if max_shape is None:
            return decoded
        height, width = max_shape[:2]
        return decoded.clamp(min=0).minimum(decoded.new_tensor([width, height, width, height]))
