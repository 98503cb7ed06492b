"""Boxes as four distributions over distances from a grid point."""

from typing import Any

import torch
from mmdet.models.task_modules.coders import BaseBBoxCoder
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import distance2bbox
from torch import Tensor

MARGIN = 0.01  # keeps a target below the last bin, which has no right neighbor


@TASK_UTILS.register_module()
class DFLPointCoder(BaseBBoxCoder):
    """Code a box as the distributions of its distances to a grid point (Generalized Focal Loss).

    Distances to the left, top, right and bottom side are in strides; bin k of `reg_max` stands for
    k strides, so a side is at most ``reg_max - 1`` strides away.

    Args:
        reg_max: Bins of one distribution.

    Raises:
        ValueError: `reg_max` is below 2.
    """

    def __init__(self, reg_max: int = 16, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if reg_max < 2:
            raise ValueError(f"DFLPointCoder: reg_max must be at least 2, but got {reg_max}")
        self.reg_max = reg_max
        self.encode_size = 4 * reg_max

    def encode(self, priors: Tensor, gt_bboxes: Tensor) -> Tensor:
        """Return the distances (N, 4) in bins, within [0, reg_max - 1).

        Args:
            priors: Grid points (N, 4): x, y and the strides along x and y, in pixels.
            gt_bboxes: Boxes (N, 4), xyxy in pixels.
        """
        points, strides = priors[:, :2], priors[:, 2:]
        sides = torch.cat([points - gt_bboxes[:, :2], gt_bboxes[:, 2:] - points], dim=1)
        return (sides / strides.repeat(1, 2)).clamp(0, self.reg_max - 1 - MARGIN)

    def decode(self, priors: Tensor, pred_bboxes: Tensor, max_shape: Any = None) -> Tensor:
        """Return the expected boxes (..., 4), xyxy in pixels.

        Args:
            priors: Grid points (N, 4): x, y and the strides along x and y, in pixels.
            pred_bboxes: Logits (..., N, 4 * reg_max), side by side.
            max_shape: Height and width that the boxes are clipped to, in pixels.
        """
        logits = pred_bboxes.unflatten(-1, (4, self.reg_max))
        bins = torch.arange(self.reg_max, dtype=logits.dtype, device=logits.device)
        distances = (logits.softmax(-1) * bins).sum(-1) * priors[:, 2:].repeat(1, 2)
        points = priors[:, :2].expand(*distances.shape[:-1], 2)
        return distance2bbox(points, distances, max_shape)
