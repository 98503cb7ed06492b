"""Assign priors to ground truths by per-object thresholds on a dynamic overlap."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..boxes import clean_boxes
from ..limits import limits_of
from ..overlaps import pairwise_iou
from ..pair_search import (
    forced_rounds,
    largest_iof_dense,
    largest_iof_sparse,
    largest_of_each,
    near_any,
)
from .dense_engine import DenseEngine
from .measured_engine import MeasuredEngine
from .problem import AssignmentProblem
from .rule import AssignmentRule
from .sparse_engine import SparseEngine

Engine = Literal["auto", "dense", "sparse"]

#: Ground truths and priors from which the share of overlapping pairs is estimated.
SAMPLE = (64, 256)


class AdaptiveAssignment(NamedTuple):
    """The fate of N priors.

    Attributes:
        gt_inds: Shape (N,), int64: -1 ignored, 0 negative, k + 1 positive for ground truth k.
        max_overlaps: Shape (N,), in [0, 1]: the metric with the assigned ground truth if positive,
            else with the best one; -1 for priors inside an ignore region.
    """

    gt_inds: Tensor
    max_overlaps: Tensor


@torch.no_grad()
def assign_adaptive(
    priors: Tensor,
    gt_boxes: Tensor,
    rule: AssignmentRule,
    pred_boxes: Tensor | None = None,
    ignore_boxes: Tensor | None = None,
    ignore_iof_thr: float = -1,
    engine: Engine = "auto",
    measure: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> AdaptiveAssignment:
    """Assign every prior to a ground truth, to the background, or to neither.

    With D the metric of the rule, a prior is positive for a ground truth iff D > T_p of it (among
    several the largest D, on a tie the lowest index), negative iff D < T_n of every ground truth,
    and ignored otherwise. IoU_max in the thresholds is taken over the priors handed in, those
    inside ignore regions excepted. A box that is none (see :func:`~adla.core.clean_boxes`)
    overlaps nothing.

    A ground truth with more than ``max_positives`` keeps those with the largest D, on a tie the
    lowest index; the others are ignored. With ``anchor_iou`` it keeps as many as it would have by
    its anchors alone, at least 1: the anchors say how many, D says which.

    A measure of another kind may take the place of the IoU everywhere: for anchors, regressed boxes
    and IoU_max. One that is nowhere 0 gives every pair a value; so ``max_overlaps`` knows those of
    at least T_n alone, and is 0 for a negative prior.

    Args:
        priors: Anchors of shape (N, 4), xyxy in pixels.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels.
        rule: The metric and the thresholds.
        pred_boxes: Regressed boxes of the priors, shape (N, 4); without them D is the anchor IoU.
        ignore_boxes: Ignore regions of shape (I, 4), xyxy in pixels.
        ignore_iof_thr: Priors with a larger share of their area in one region are ignored;
            values up to 0 switch the regions off.
        engine: ``sparse`` looks at overlapping pairs only, ``dense`` at all pairs, in blocks;
            ``auto`` takes the cheaper one. The result is the same, bit by bit.
        measure: Takes ground truths (m, 4) and boxes (N, 4), returns (m, N) in [0, 1], 0 for what
            is no box; None for the IoU. A :class:`~adla.core.ranked.FallingMeasure` is spared the
            pairs that cannot count; of any other all pairs are measured, in blocks.

    Returns:
        The assignment; computed in float32, or in float64 where an input is float64.

    Raises:
        ValueError: If priors and predictions differ in number, or boxes are not (N, 4), or the
            sparse engine is asked for with a measure that has no bounds.

    Example:
        >>> priors = torch.tensor([[0, 0, 8, 8], [40, 40, 48, 48]])
        >>> assign_adaptive(priors, torch.tensor([[0, 0, 8, 8]]), AssignmentRule()).gt_inds.tolist()
        [1, 0]
    """
    if pred_boxes is not None and len(pred_boxes) != len(priors):
        raise ValueError(f"got {len(priors)} priors but {len(pred_boxes)} predicted boxes")
    if not rule.needs_predictions:
        pred_boxes = None
    wide = torch.float64 in {x.dtype for x in (priors, gt_boxes, pred_boxes) if x is not None}
    dtype = torch.float64 if wide else torch.float32
    gt_boxes, priors = clean_boxes(gt_boxes.to(dtype)), priors.to(dtype)
    pred_boxes = None if pred_boxes is None else pred_boxes.to(dtype)

    blocked = None
    if len(priors) and ignore_boxes is not None and len(ignore_boxes) and ignore_iof_thr > 0:
        sparse = _may_be_sparse(engine, len(priors) * len(ignore_boxes), priors.device)
        largest_iof = largest_iof_sparse if sparse else largest_iof_dense
        regions = clean_boxes(ignore_boxes.to(dtype))
        blocked = largest_iof(clean_boxes(priors), regions) > ignore_iof_thr

    gt_inds = priors.new_zeros(len(priors), dtype=torch.long)
    max_overlaps = priors.new_zeros(len(priors))
    problem = AssignmentProblem(rule, gt_boxes, priors, pred_boxes, blocked, measure)
    sieve = limits_of(priors.device).free_waits and measure is None
    if sieve and problem.num_pairs and _may_be_sparse(engine, problem.num_pairs, priors.device):
        near = near_any(gt_boxes, priors, pred_boxes)
        inds, overlaps, lowest = _decide(engine, problem.select(near))
        elsewhere = (lowest <= 0).long().neg()
        gt_inds = elsewhere.repeat(len(priors)).index_copy_(0, near, inds)
        max_overlaps.index_copy_(0, near, overlaps)
    elif problem.num_pairs:
        gt_inds, max_overlaps, _ = _decide("dense" if sieve else engine, problem)
    if blocked is not None:
        gt_inds = gt_inds.masked_fill(blocked, -1)
        max_overlaps = max_overlaps.masked_fill(blocked, -1)
    return AdaptiveAssignment(gt_inds, max_overlaps)


def _decide(engine: Engine, problem: AssignmentProblem) -> tuple[Tensor, Tensor, Tensor]:
    """Return ``gt_inds`` and ``max_overlaps``, shape (N,), and the lowest T_n."""
    run = _choose(engine, problem)
    gt_inds, max_overlaps, lowest = run.decide()
    wanted = problem.rule.max_positives
    bound = _positives_of_anchors(engine, problem) if wanted == "anchor_iou" else wanted
    if bound is not None:
        _drop_worst(gt_inds, max_overlaps, bound)
    if problem.rule.force_match:
        _force_match(run, gt_inds, max_overlaps, len(problem.gt_boxes))
    return gt_inds, max_overlaps, lowest


def _positives_of_anchors(engine: Engine, problem: AssignmentProblem) -> Tensor | None:
    """Return how many positives the anchors alone give, at least 1, shape (K,); None for as now."""
    if problem.pred_boxes is None:
        return None
    gt_inds = _choose(engine, problem._replace(pred_boxes=None)).decide()[0]
    return _count_positives(gt_inds, len(problem.gt_boxes)).clamp_(min=1)


def _count_positives(gt_inds: Tensor, num_gts: int) -> Tensor:
    """Return how many positives every ground truth has, shape (K,), int64."""
    positives = gt_inds.new_zeros(num_gts + 1)
    return positives.index_add_(0, gt_inds.clamp(min=0), torch.ones_like(gt_inds))[1:]


def _drop_worst(gt_inds: Tensor, max_overlaps: Tensor, bound: int | Tensor) -> None:
    """Let every ground truth keep its best positives and ignore the others, in place.

    The bound on their number is one for all, or one for each, of shape (K,).
    """
    positive = (gt_inds > 0).nonzero().squeeze(1)
    owners = gt_inds.index_select(0, positive)
    if not isinstance(bound, int):
        bound = bound.index_select(0, owners - 1)
    kept = largest_of_each(owners, max_overlaps.index_select(0, positive), bound)
    gt_inds.index_fill_(0, positive, -1)
    gt_inds.index_copy_(0, positive.index_select(0, kept), owners.index_select(0, kept))


def _force_match(
    run: SparseEngine | DenseEngine | MeasuredEngine,
    gt_inds: Tensor,
    max_overlaps: Tensor,
    num_gts: int,
) -> None:
    """Give every ground truth without positive its best free prior, in place.

    Free is a prior that is not positive yet. A prior wanted by several goes to the one with the
    largest metric (lowest index on a tie), and the others choose again. A ground truth whose
    metric is 0 with every free prior stays without.
    """
    wanting = (_count_positives(gt_inds, num_gts) == 0).nonzero().squeeze(1)
    length = forced_rounds.first_length(wanting)
    while len(wanting):
        lists = run.best_free(gt_inds > 0, wanting, length)
        settled = forced_rounds.settle(*lists, none=0)
        gt_inds[settled.choices] = wanting[settled.rows] + 1
        max_overlaps[settled.choices] = settled.values
        wanting, length = wanting[settled.without], length * forced_rounds.GROWTH


def _may_be_sparse(engine: Engine, num_pairs: int, device: torch.device) -> bool:
    above = num_pairs > limits_of(device).sieved_pairs
    return engine == "sparse" or (engine == "auto" and above)


def _choose(
    engine: Engine, problem: AssignmentProblem
) -> SparseEngine | DenseEngine | MeasuredEngine:
    """Take the cheaper engine, if none is given."""
    limits, num_pairs = limits_of(problem.priors.device), problem.num_pairs
    if problem.measure is not None:
        falls = hasattr(problem.measure, "distance_bounds")
        if engine == "sparse" and not falls:
            raise ValueError(f"the sparse engine needs bounds, which {problem.measure} has not")
        large = engine == "sparse" or (engine == "auto" and num_pairs > limits.measured_pairs)
        return MeasuredEngine(problem) if large and falls else DenseEngine(problem)
    if not num_pairs or engine == "sparse":
        return SparseEngine(problem)
    if engine == "dense" or num_pairs <= limits.dense_pairs:
        return DenseEngine(problem)
    sparse = None if limits.free_waits else SparseEngine(problem)
    if sparse is None or sparse.pairs.total is None:
        boxes = (problem.gt_boxes, problem.priors)
        gts, priors = (
            clean_boxes(x[:: -(-len(x) // n)]) for x, n in zip(boxes, SAMPLE, strict=True)
        )
        pairs = float((pairwise_iou(gts, priors) > 0).float().mean()) * num_pairs
    else:
        pairs = sparse.pairs.total  # it has asked for that anyway
    cost = limits.cost_per_prior * len(problem.priors) + limits.cost_per_overlap * pairs
    return DenseEngine(problem) if num_pairs < cost else sparse or SparseEngine(problem)
