"""Overlaps of every box of one set with every box of another, or of boxes side by side.

The aligned forms do what the pairwise ones do, operation by operation, so both give the same bits.
"""

import torch
from torch import Tensor

from ..boxes import box_areas


def _intersections(corners1: Tensor, corners2: Tensor) -> Tensor:
    """Return the intersection areas in square pixels of coordinates x1, y1, x2, y2 (4+, ...)."""
    sides = []
    for low, high in ((0, 2), (1, 3)):
        side = torch.minimum(corners1[high], corners2[high])
        side -= torch.maximum(corners1[low], corners2[low])
        sides.append(side.clamp_(min=0))
    return sides[0].mul_(sides[1])


def _over_union(inter: Tensor, areas1: Tensor, areas2: Tensor, floor: float = 0) -> Tensor:
    """Divide intersections, in place, by the unions, or by a floor above them."""
    union = (areas1 + areas2).sub_(inter)
    # An empty union has an empty intersection, and 0 over anything is the overlap we want for it.
    return inter.div_(union.clamp_(min=max(floor, torch.finfo(union.dtype).tiny)))


def _over_area(inter: Tensor, areas: Tensor, floor: float = 0) -> Tensor:
    """Divide intersections, in place, by areas, or by a floor above them."""
    return inter.div_(areas.clamp(min=max(floor, torch.finfo(areas.dtype).tiny)))


def pairwise_iou(boxes1: Tensor, boxes2: Tensor, floor: float = 0) -> Tensor:
    """Return the intersection over union of all pairs.

    Args:
        boxes1: Boxes of shape (K, 4), xyxy in pixels, as :func:`~adla.core.clean_boxes` gives them.
        boxes2: Boxes of shape (N, 4), likewise.
        floor: Smallest divisor, in square pixels.

    Returns:
        IoU of shape (K, N) in [0, 1]; exactly 0 where a box is empty.

    Example:
        >>> boxes = torch.tensor([[0.0, 0, 4, 2], [9, 9, 10, 10]])
        >>> pairwise_iou(torch.tensor([[0.0, 0, 4, 4]]), boxes).tolist()
        [[0.5, 0.0]]
    """
    inter = _intersections(boxes1.t()[:, :, None], boxes2.t()[:, None])
    return _over_union(inter, box_areas(boxes1)[:, None], box_areas(boxes2)[None], floor)


def as_columns(boxes: Tensor) -> Tensor:
    """Return boxes (N, 4), xyxy, as the rows x1, y1, x2, y2 and area, shape (5, N), contiguous."""
    return torch.cat([boxes.t(), box_areas(boxes)[None]])


def aligned_iou(columns1: Tensor, columns2: Tensor, floor: float = 0) -> Tensor:
    """Return the intersection over union of M boxes with M others.

    Args:
        columns1: Clean boxes of shape (5, M) as :func:`as_columns` gives them.
        columns2: Clean boxes of shape (5, M), likewise.
        floor: Smallest divisor, in square pixels.

    Returns:
        IoU of shape (M,) in [0, 1]; exactly 0 where a box is empty.
    """
    inter = _intersections(columns1, columns2)
    return _over_union(inter, columns1[4], columns2[4], floor)


def pairwise_iof(boxes1: Tensor, boxes2: Tensor, floor: float = 0) -> Tensor:
    """Return the intersection over the area of the first box (the foreground) of all pairs.

    Args:
        boxes1: Boxes of shape (K, 4), xyxy in pixels, as :func:`~adla.core.clean_boxes` gives them.
        boxes2: Boxes of shape (N, 4), likewise.
        floor: Smallest divisor, in square pixels.

    Returns:
        Overlap of shape (K, N) in [0, 1]; exactly 0 where a box is empty.

    Example:
        >>> pairwise_iof(torch.tensor([[0.0, 0, 4, 2]]), torch.tensor([[0.0, 0, 4, 4]])).tolist()
        [[1.0]]
    """
    inter = _intersections(boxes1.t()[:, :, None], boxes2.t()[:, None])
    return _over_area(inter, box_areas(boxes1)[:, None], floor)


def aligned_iof(columns1: Tensor, columns2: Tensor, floor: float = 0) -> Tensor:
    """Return the intersection over the area of the first box, of M boxes with M others.

    Args:
        columns1: Clean boxes of shape (5, M) as :func:`as_columns` gives them.
        columns2: Clean boxes of shape (5, M), likewise.
        floor: Smallest divisor, in square pixels.

    Returns:
        Overlap of shape (M,) in [0, 1]; exactly 0 where a box is empty.
    """
    return _over_area(_intersections(columns1, columns2), columns1[4], floor)
