"""Overlaps of every box of one set with every box of another."""

import torch
from torch import Tensor

from .boxes import box_areas


def _intersections(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Return the intersection areas, shape (K, N), in square pixels."""
    sides = []
    for low, high in ((0, 2), (1, 3)):
        side = torch.minimum(boxes1[:, None, high], boxes2[None, :, high])
        side -= torch.maximum(boxes1[:, None, low], boxes2[None, :, low])
        sides.append(side.clamp_(min=0))
    return sides[0].mul_(sides[1])


def pairwise_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Return the intersection over union of all pairs.

    Args:
        boxes1: Boxes of shape (K, 4), xyxy in pixels, as :func:`~adla.core.clean_boxes` gives them.
        boxes2: Boxes of shape (N, 4), likewise.

    Returns:
        IoU of shape (K, N) in [0, 1]; exactly 0 where a box is empty.
    """
    inter = _intersections(boxes1, boxes2)
    union = (box_areas(boxes1)[:, None] + box_areas(boxes2)[None, :]).sub_(inter)
    # An empty union has an empty intersection, and 0 / 1 is the overlap we want for it.
    return inter.div_(union.masked_fill_(union <= 0, 1))


def pairwise_iof(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Return the intersection over the area of the first box (the foreground) of all pairs.

    Args:
        boxes1: Boxes of shape (K, 4), xyxy in pixels, as :func:`~adla.core.clean_boxes` gives them.
        boxes2: Boxes of shape (N, 4), likewise.

    Returns:
        Overlap of shape (K, N) in [0, 1]; exactly 0 where a box is empty.
    """
    areas = box_areas(boxes1)[:, None]
    return _intersections(boxes1, boxes2).div_(areas.masked_fill(areas <= 0, 1))
