"""Positives by rank: every ground truth takes its best priors, in bounded memory."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..limits import limits_of
from ..pair_search import keep_best
from .bounded_ranking import RankedPairs, rank_bounded
from .ranking import rank_boxes


class RankedAssignment(NamedTuple):
    """What N priors got.

    Attributes:
        gt_inds: Shape (N,), int64: k + 1 for a prior of ground truth k, else 0.
        overlaps: Shape (N,): the measure with that ground truth, else 0.
        best: Shape (N,): the measure with the best ground truth of all; 0 without any.
    """

    gt_inds: Tensor
    overlaps: Tensor
    best: Tensor


@torch.no_grad()
def assign_ranked(
    measure: Callable[[Tensor, Tensor], Tensor],
    gt_boxes: Tensor,
    priors: Tensor,
    k: int,
    block_pairs: int | None = None,
    with_best: bool = True,
) -> RankedAssignment:
    """Give every ground truth its k best priors by any measure.

    Of equal priors the lowest index ranks first. A prior in the ranking of several ground truths
    goes to the one with the largest measure, on a tie to the lowest index, and the others do not
    choose again. A pair with a measure of 0 is no match.

    Args:
        measure: Takes boxes of shape (m, 4) and (N, 4), returns (m, N), at least 0, floating. One
            that is a :class:`~adla.core.ranked.BoundedMeasure` is spared the pairs that
            cannot count; the result is the same, bit by bit.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels.
        priors: Shape (N, 4), xyxy in pixels.
        k: How many priors a ground truth takes, at least 1.
        block_pairs: Pairs measured at once; None for what suits the device.
        with_best: Whether ``best`` is wanted; else it may be 0.

    Returns:
        The assignment, in the type of the measure.

    Raises:
        ValueError: If k is below 1.

    Example:
        >>> from adla.core import pairwise_iou
        >>> priors = torch.tensor([[9.0, 9, 10, 10], [0, 0, 4, 2], [0, 0, 4, 4]])
        >>> gt_boxes = torch.tensor([[0.0, 0, 4, 4]])
        >>> assign_ranked(pairwise_iou, gt_boxes, priors, k=2).gt_inds.tolist()
        [0, 1, 1]
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, but got {k!r}")
    limits = limits_of(priors.device)
    bounded = hasattr(measure, "distance_bounds")
    if bounded and len(gt_boxes) * len(priors) > limits.bounded_pairs:
        ranked = rank_bounded(measure, gt_boxes, priors, k, with_best)  # type: ignore[arg-type]
    else:
        ranked = _rank_all(measure, gt_boxes, priors, k, block_pairs or limits.ranked_pairs)
    overlaps = torch.zeros_like(ranked.best)
    choice = torch.full_like(overlaps, -1, dtype=torch.long)  # no offer of 0 beats it
    keep_best(overlaps, choice, ranked.prior, ranked.value.to(overlaps.dtype), ranked.gt)
    return RankedAssignment(choice + 1, overlaps, ranked.best)


def _rank_all(
    measure: Callable[[Tensor, Tensor], Tensor],
    gt_boxes: Tensor,
    priors: Tensor,
    k: int,
    block_pairs: int,
) -> RankedPairs:
    """Rank the priors of every ground truth by measuring all pairs."""
    best = measure(gt_boxes[:0], priors).new_zeros(len(priors))

    def noted(some: Tensor, boxes: Tensor) -> Tensor:
        values = measure(some, boxes)
        torch.maximum(best, values.amax(dim=0), out=best)
        return values

    ranking = rank_boxes(noted, gt_boxes, priors, k, block_pairs)
    gts = torch.arange(len(gt_boxes), device=priors.device)
    gts = gts.repeat_interleave(ranking.indices.size(1))
    return RankedPairs(gts, ranking.indices.flatten(), ranking.values.flatten(), best)


def assign_hierarchical(
    measure: Callable[[Tensor, Tensor], Tensor],
    gt_boxes: Tensor,
    fields: Tensor,
    topk: tuple[int, int] = (3, 1),
    ratio: float = 0.9,
    block_pairs: int | None = None,
) -> RankedAssignment:
    """Rank twice, the second time with smaller receptive fields, as RFLA does.

    In the first stage every ground truth takes its ``topk[0]`` best fields. In the second the radii
    of all fields are multiplied by ``ratio`` and every ground truth takes its ``topk[1]`` best; a
    field that is positive since the first stage stays what it is (arXiv 2208.08738). Conflicts
    inside a stage are settled as in :func:`assign_ranked`.

    Args:
        measure: As in :func:`assign_ranked`.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels.
        fields: Effective receptive fields of shape (N, 4), xyxy in pixels; never changed.
        topk: How many fields a ground truth takes in each stage, at least 1.
        ratio: Decay of the radius, above 0.
        block_pairs: As in :func:`assign_ranked`.

    Returns:
        The assignment; ``overlaps`` are those of the stage that assigned, ``best`` of the first.

    Raises:
        ValueError: If an entry of ``topk`` is below 1.

    Example:
        >>> from adla.core import rfd
        >>> fields = torch.tensor([[9.0, 9, 10, 10], [0, 0, 4, 2], [0, 0, 4, 4]])
        >>> def measure(gts, fields):
        ...     return rfd(gts[:, None], fields)
        >>> gt_boxes = torch.tensor([[0.0, 0, 4, 4]])
        >>> assign_hierarchical(measure, gt_boxes, fields, topk=(1, 2)).gt_inds.tolist()
        [0, 1, 1]
    """
    first = assign_ranked(measure, gt_boxes, fields, topk[0], block_pairs)
    smaller = resized(fields, ratio)
    second = assign_ranked(measure, gt_boxes, smaller, topk[1], block_pairs, with_best=False)
    stays = first.gt_inds > 0
    return RankedAssignment(
        torch.where(stays, first.gt_inds, second.gt_inds),
        torch.where(stays, first.overlaps, second.overlaps),
        first.best,
    )


def resized(boxes: Tensor, ratio: float) -> Tensor:
    """Return new boxes of shape (N, 4), xyxy, with the same centers and sides times a ratio."""
    margin = (boxes[:, 2:] - boxes[:, :2]) * ((1 - ratio) / 2)
    return torch.cat([boxes[:, :2] + margin, boxes[:, 2:] - margin], dim=1)
