"""The ground truths of a batch as one list, and choices on lists of (ground truth, prior) pairs."""

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


def largest_of_each(keys: Tensor, values: Tensor, k: int = 1) -> Tensor:
    """Return the indices of the k entries with the largest value of each key.

    On a tie the entry that stands first in the list wins.

    Args:
        keys: Shape (M,), int64.
        values: Shape (M,).
        k: How many of each key at most, at least 1.

    Returns:
        Indices sorted by key, then by falling value.
    """
    order = values.argsort(descending=True, stable=True)
    order = order[keys[order].argsort(stable=True)]
    ordered = keys[order]
    rank = torch.arange(len(keys), device=keys.device) - torch.searchsorted(ordered, ordered)
    return order[rank < k]


def listed(
    keys: Tensor, k: int, owners: Tensor, values: Tensor, indices: Tensor
) -> tuple[Tensor, Tensor]:
    """Write entries into rows, one for each key.

    Args:
        keys: Ascending, shape (W,), int64.
        k: The length of a row.
        owners: The key of each entry, ascending, at most k of each; shape (M,).
        values: Shape (M,).
        indices: Shape (M,), int64.

    Returns:
        Values and indices of shape (W, k), entries in their order; 0 where there are none left.
    """
    row = torch.searchsorted(keys, owners)
    place = torch.arange(len(owners), device=row.device) - torch.searchsorted(owners, owners)
    row_values, row_indices = (x.new_zeros(len(keys), k) for x in (values, indices))
    row_values[row, place], row_indices[row, place] = values, indices
    return row_values, row_indices
