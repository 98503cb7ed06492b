"""All overlapping pairs of two sets of boxes, without the matrix of all pairs."""

from typing import NamedTuple

import torch
from torch import Tensor

from ..boxes import clean_boxes
from ..overlaps import aligned_iou, as_columns
from .grid_index import CandidatePairs


class OverlappingPairs(NamedTuple):
    """The P pairs of boxes that overlap, in ascending order of the first index.

    Attributes:
        first: Shape (P,), int64: index into the first set.
        second: Shape (P,), int64: index into the second set.
        iou: Shape (P,), in (0, 1]: intersection over union.
    """

    first: Tensor
    second: Tensor
    iou: Tensor


@torch.no_grad()
def overlapping_pairs(boxes1: Tensor, boxes2: Tensor) -> OverlappingPairs:
    """Find every pair with a positive intersection over union, each once.

    Time and memory grow with the number of boxes and of overlapping pairs, not with K x N. The IoU
    of a pair is that of :func:`~adla.core.pairwise_iou`, bit by bit.

    Args:
        boxes1: Boxes of shape (K, 4), xyxy in pixels; faster if this is the smaller set.
        boxes2: Boxes of shape (N, 4), likewise. A box that is none overlaps nothing.

    Returns:
        The pairs; computed in float32, or in float64 where an input is float64.

    Raises:
        ValueError: If boxes are not (N, 4).

    Example:
        >>> boxes = torch.tensor([[9, 9, 10, 10], [0, 0, 4, 2]])
        >>> [column.tolist() for column in overlapping_pairs(torch.tensor([[0, 0, 4, 4]]), boxes)]
        [[0], [1], [0.5]]
    """
    boxes1, boxes2 = clean_boxes(boxes1), clean_boxes(boxes2)
    dtype = torch.promote_types(boxes1.dtype, boxes2.dtype)
    boxes1, boxes2 = boxes1.to(dtype), boxes2.to(dtype)
    empty = torch.empty(0, dtype=torch.long, device=boxes1.device)
    parts = [OverlappingPairs(empty, empty, boxes1.new_empty(0))]
    if len(boxes1) and len(boxes2):
        pairs = CandidatePairs.near(boxes1, boxes2)
        columns1, columns2 = as_columns(boxes1), as_columns(boxes2.index_select(0, pairs.owners))
        for block in pairs.blocks():
            first = block.queries + block.first
            iou = aligned_iou(
                columns1.index_select(1, first), columns2.index_select(1, block.places)
            )
            hit = (iou > 0).nonzero().squeeze(1)
            second = pairs.owners.index_select(0, block.places.index_select(0, hit))
            parts.append(
                OverlappingPairs(first.index_select(0, hit), second, iou.index_select(0, hit))
            )
    return OverlappingPairs(*(torch.cat(column) for column in zip(*parts, strict=True)))
