"""Assign priors to ground truths by per-object thresholds on a dynamic overlap.

The decision for one prior needs all ground truths, the thresholds of one ground truth need all
priors. Blocks of whole ground-truth rows give both: a row holds all priors, and over the rows only
a running best per prior is kept. Memory is bounded by the block, never by priors x ground truths.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from .assignment_rule import AssignmentRule
from .boxes import clean_boxes
from .overlaps import pairwise_iof, pairwise_iou

#: Elements of one (ground truths x priors) block: 32 MiB a float32 matrix.
BLOCK_ELEMENTS = 2**23


class AdaptiveAssignment(NamedTuple):
    """The fate of N priors.

    Attributes:
        gt_inds: Shape (N,), int64: -1 ignored, 0 negative, k + 1 positive for ground truth k.
        max_overlaps: Shape (N,), in [0, 1]: the metric with the assigned ground truth if positive,
            else with the best one; -1 for priors inside an ignore region.
    """

    gt_inds: Tensor
    max_overlaps: Tensor


class _Block(NamedTuple):
    """The rows of the ground truths ``first, first + 1, ...`` against all priors."""

    first: int
    metric: Tensor
    t_pos: Tensor
    t_neg: Tensor


@torch.no_grad()
def assign_adaptive(
    priors: Tensor,
    gt_boxes: Tensor,
    rule: AssignmentRule,
    pred_boxes: Tensor | None = None,
    ignore_boxes: Tensor | None = None,
    ignore_iof_thr: float = -1,
    block_elements: int = BLOCK_ELEMENTS,
) -> AdaptiveAssignment:
    """Assign every prior to a ground truth, to the background, or to neither.

    With D the metric of the rule, a prior is positive for a ground truth iff D > T_p of it (among
    several the largest D, on a tie the lowest index), negative iff D < T_n of every ground truth,
    and ignored otherwise. IoU_max in the thresholds is taken over the priors handed in, those
    inside ignore regions excepted. A box that is none (see :func:`~adla.core.clean_boxes`)
    overlaps nothing.

    Args:
        priors: Anchors of shape (N, 4), xyxy in pixels.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels.
        rule: The metric and the thresholds.
        pred_boxes: Regressed boxes of the priors, shape (N, 4); without them D is the anchor IoU.
        ignore_boxes: Ignore regions of shape (I, 4), xyxy in pixels.
        ignore_iof_thr: Priors with a larger share of their area in one region are ignored;
            values up to 0 switch the regions off.
        block_elements: Upper bound of K x N held at once (at least one row is).

    Returns:
        The assignment; computed in float32, or in float64 where an input is float64.

    Raises:
        ValueError: If priors and predictions differ in number, or boxes are not (N, 4).
    """
    priors, gt_boxes = clean_boxes(priors), clean_boxes(gt_boxes)
    if pred_boxes is not None:
        if len(pred_boxes) != len(priors):
            raise ValueError(f"got {len(priors)} priors but {len(pred_boxes)} predicted boxes")
        pred_boxes = clean_boxes(pred_boxes) if rule.needs_predictions else None

    gt_inds = priors.new_zeros(len(priors), dtype=torch.long)
    max_overlaps = priors.new_zeros(len(priors))
    blocked = None
    if len(priors) and ignore_boxes is not None and len(ignore_boxes) and ignore_iof_thr > 0:
        blocked = _inside_regions(priors, clean_boxes(ignore_boxes), ignore_iof_thr, block_elements)

    if len(priors) and len(gt_boxes):
        rows = max(block_elements // len(priors), 1)

        def blocks() -> Iterator[_Block]:
            return _blocks(priors, gt_boxes, pred_boxes, blocked, rule, rows)

        gt_inds, max_overlaps = _decide(blocks(), len(priors), priors)
        if rule.force_match:
            _force_match(blocks, gt_inds, max_overlaps, len(gt_boxes))
    if blocked is not None:
        gt_inds, max_overlaps = (
            gt_inds.masked_fill(blocked, -1),
            max_overlaps.masked_fill(blocked, -1),
        )
    return AdaptiveAssignment(gt_inds, max_overlaps)


def _blocks(
    priors: Tensor,
    gt_boxes: Tensor,
    pred_boxes: Tensor | None,
    blocked: Tensor | None,
    rule: AssignmentRule,
    rows: int,
) -> Iterator[_Block]:
    """Yield the rows of all ground truths; to a blocked prior every overlap is 0."""
    for first in range(0, len(gt_boxes), rows):
        gts = gt_boxes[first : first + rows]
        anchor_iou = pairwise_iou(gts, priors)
        regressed_iou = None if pred_boxes is None else pairwise_iou(gts, pred_boxes)
        metric = rule.measure(anchor_iou, regressed_iou)
        if blocked is not None:
            anchor_iou, metric = anchor_iou.masked_fill(blocked, 0), metric.masked_fill(blocked, 0)
        yield _Block(first, metric, *rule.thresholds(anchor_iou, gts))


def _decide(blocks: Iterator[_Block], num_priors: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Reduce the blocks to one decision per prior; an earlier ground truth wins a tie."""
    best = like.new_full((num_priors,), -1.0)
    max_overlaps = like.new_zeros(num_priors)
    gt_inds = torch.zeros_like(best, dtype=torch.long)
    near = torch.zeros_like(best, dtype=torch.bool)
    for first, metric, t_pos, t_neg in blocks:
        near |= (metric >= t_neg[:, None]).any(dim=0)
        max_overlaps = torch.maximum(max_overlaps, metric.amax(dim=0))
        qualified = metric.masked_fill_(metric <= t_pos[:, None], -1)
        value, row = qualified.max(dim=0)
        better = value > best
        best = torch.where(better, value, best)
        gt_inds = torch.where(better, row + first + 1, gt_inds)
    gt_inds = gt_inds.masked_fill(near & (best < 0), -1)
    return gt_inds, torch.where(best >= 0, best, max_overlaps)


def _force_match(
    blocks: Callable[[], Iterator[_Block]],
    gt_inds: Tensor,
    max_overlaps: Tensor,
    num_gts: int,
) -> None:
    """Give every ground truth without positive its best free prior, in place.

    Free is a prior that is not positive yet. A prior wanted by several goes to the one with the
    largest metric (lowest index on a tie), and the others choose again. A ground truth whose
    metric is 0 with every free prior stays without. Each round waits for the device once.
    """
    while True:
        positives = gt_inds.new_zeros(num_gts + 1)
        positives.index_add_(0, gt_inds.clamp(min=0), torch.ones_like(gt_inds))
        taken = gt_inds > 0
        wishes = [block.metric.masked_fill(taken, 0).max(dim=1) for block in blocks()]
        value = torch.cat([wish.values for wish in wishes])
        prior = torch.cat([wish.indices for wish in wishes])
        value = value.masked_fill(positives[1:] > 0, 0)
        wanting = (value > 0).nonzero().squeeze(1)
        if not len(wanting):
            return
        # Sorted by prior, then by falling metric, then by index: the first of a prior wins it.
        wanting = wanting[value[wanting].argsort(descending=True, stable=True)]
        wanting = wanting[prior[wanting].argsort(stable=True)]
        chosen = prior[wanting]
        wins = torch.ones_like(chosen, dtype=torch.bool)
        wins[1:] = chosen[1:] != chosen[:-1]
        gt_inds[chosen[wins]] = wanting[wins] + 1
        max_overlaps[chosen[wins]] = value[wanting[wins]]


def _inside_regions(priors: Tensor, regions: Tensor, iof_thr: float, block_elements: int) -> Tensor:
    """Return which priors, shape (N,), have more than a share of their area in one region."""
    inside = torch.zeros(len(priors), dtype=torch.bool, device=priors.device)
    rows = max(block_elements // len(regions), 1)
    for first in range(0, len(priors), rows):
        chunk = slice(first, first + rows)
        inside[chunk] = (pairwise_iof(priors[chunk], regions) > iof_thr).any(dim=1)
    return inside
