"""Boxes as YOLOv5 codes them."""

import torch
from mmdet.models.task_modules.coders import BaseBBoxCoder
from mmdet.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class YOLOv5BBoxCoder(BaseBBoxCoder):
    """Code a box by its center in and about a cell, and its sides as multiples of an anchor's.

    With ``s`` the sigmoid of a logit: the center is ``2 s - 1`` strides from the middle of the cell
    and at most one stride away; a side is ``(2 s)^2`` times the anchor's and at most four times.
    """

    def encode(self, priors: Tensor, gt_bboxes: Tensor, stride: Tensor | float) -> Tensor:
        """Return the logits (N, 4) of boxes in reach.

        Args:
            priors: Anchors (N, 4), xyxy in pixels, each about the middle of its cell.
            gt_bboxes: Boxes (N, 4), xyxy in pixels.
            stride: Stride of the cells in pixels, one number or (N, 1).

        Raises:
            ValueError: A center is a stride or more from the middle of the cell, or a side not
                between nothing and four times the anchor's.
        """
        shift = (gt_bboxes[:, :2] + gt_bboxes[:, 2:] - priors[:, :2] - priors[:, 2:]) / 2
        sides = (gt_bboxes[:, 2:] - gt_bboxes[:, :2]) / (priors[:, 2:] - priors[:, :2])
        share = torch.cat([(shift / stride + 1) / 2, sides.clamp(min=0).sqrt() / 2], dim=1)
        if ((share <= 0) | (share >= 1)).any():
            row = int(((share <= 0) | (share >= 1)).any(1).nonzero()[0])
            raise ValueError(
                f"YOLOv5BBoxCoder: the box {gt_bboxes[row].tolist()} is out of reach of the anchor "
                f"{priors[row].tolist()}: its center must be less than a stride away and its sides "
                "less than four times as long"
            )
        return share.logit()

    def decode(self, priors: Tensor, pred_bboxes: Tensor, stride: Tensor | float) -> Tensor:
        """Return the boxes (..., N, 4), xyxy in pixels.

        Args:
            priors: Anchors (N, 4), xyxy in pixels, each about the middle of its cell.
            pred_bboxes: Logits (..., N, 4).
            stride: Stride of the cells in pixels, one number or (N, 1).
        """
        share = 2 * pred_bboxes.sigmoid()
        center = (priors[:, :2] + priors[:, 2:]) / 2 + (share[..., :2] - 1) * stride
        half = share[..., 2:].square() * (priors[:, 2:] - priors[:, :2]) / 2
        return torch.cat([center - half, center + half], dim=-1)
