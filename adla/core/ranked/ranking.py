"""The best boxes of every ground truth by a measure that is nowhere zero, in bounded memory.

DotD, NWD or RFD give every pair a value, so no pair can be left out, but a ranking needs only the
top k of each ground truth. Blocks of ground-truth rows are measured one after the other.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..limits import limits_of
from ..pair_search import largest_of_rows


class Ranking(NamedTuple):
    """The best boxes of K ground truths, the best one first.

    Attributes:
        values: Shape (K, k): the measure, falling.
        indices: Shape (K, k), int64: the boxes; of equal ones the lowest index stands first.
    """

    values: Tensor
    indices: Tensor


@torch.no_grad()
def rank_boxes(
    measure: Callable[[Tensor, Tensor], Tensor],
    gt_boxes: Tensor,
    boxes: Tensor,
    k: int,
    block_pairs: int | None = None,
) -> Ranking:
    """Rank the boxes of every ground truth by any measure and return the best k.

    Args:
        measure: Takes boxes of shape (m, 4) and (N, 4), returns (m, N), floating; larger is better.
            A NaN counts as the worst value.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels.
        boxes: Boxes of shape (N, 4), xyxy in pixels.
        k: How many to return, at least 1; all N if there are fewer.
        block_pairs: Pairs measured at once (at least one row of N is); None for what suits the
            device. What the measure holds comes to a small multiple of it, whatever K is.

    Returns:
        The ranking. The same on every device, also where values are equal.

    Raises:
        ValueError: If k is below 1.

    Example:
        >>> boxes = torch.tensor([[9.0, 9, 10, 10], [0, 0, 4, 2], [0, 0, 4, 4]])
        >>> def measure(gts, boxes):
        ...     return 1 / (1 + (gts[:, None] - boxes).abs().sum(-1))
        >>> rank_boxes(measure, torch.tensor([[0.0, 0, 4, 4]]), boxes, k=2).indices.tolist()
        [[2, 1]]
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, but got {k!r}")
    k = min(k, len(boxes))
    if not k or not len(gt_boxes):
        values = torch.empty(len(gt_boxes), k, dtype=gt_boxes.dtype, device=gt_boxes.device)
        return Ranking(values, values.long())
    rows = max((block_pairs or limits_of(boxes.device).ranked_pairs) // len(boxes), 1)
    result = None
    for first in range(0, len(gt_boxes), rows):
        best = Ranking(*largest_of_rows(measure(gt_boxes[first : first + rows], boxes), k))
        if result is None:
            result = Ranking(*(part.new_empty(len(gt_boxes), k) for part in best))
        # Copied: small tensors kept from block to block would break up the memory of the large.
        for whole, part in zip(result, best, strict=True):
            whole[first : first + rows] = part
    assert result is not None  # there is a first block
    return result
