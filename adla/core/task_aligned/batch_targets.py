"""The ground truths of a padded batch as one list."""

from typing import NamedTuple

import torch
from torch import Tensor


class BatchTargets(NamedTuple):
    """The N ground truths of a batch, image after image.

    Attributes:
        image: Shape (N,), int64: the image of each.
        gt_ind: Shape (N,), int64: its index among the ground truths of the image.
        labels: Shape (N,), int64: its class.
        boxes: Shape (N, 4), float32: its box, xyxy in pixels.
    """

    image: Tensor
    gt_ind: Tensor
    labels: Tensor
    boxes: Tensor

    @classmethod
    def from_padded(
        cls, labels: Tensor, boxes: Tensor, mask: Tensor, num_classes: int
    ) -> "BatchTargets":
        """Collect what is neither padding nor without positive, finite width and height.

        Args:
            labels: Classes of shape (B, G).
            boxes: Boxes of shape (B, G, 4), xyxy in pixels.
            mask: Shape (B, G), bool: which of them are no padding.
            num_classes: Every label must be below it.

        Raises:
            ValueError: If a label is none of the classes.
        """
        boxes = boxes.float()
        sides = boxes[..., 2:] - boxes[..., :2]
        is_box = (torch.isfinite(sides) & (sides > 0)).all(dim=-1)
        image, gt_ind = (mask & is_box).nonzero(as_tuple=True)
        chosen = labels[image, gt_ind]
        if bool(((chosen < 0) | (chosen >= num_classes)).any()):
            raise ValueError(
                f"the labels run from {chosen.min()} to {chosen.max()}, but the head has "
                f"num_classes={num_classes}; they must be 0 to {num_classes - 1}"
            )
        return cls(image, gt_ind, chosen, boxes[image, gt_ind])
