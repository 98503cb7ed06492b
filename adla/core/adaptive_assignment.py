"""Assign priors to ground truths by per-object thresholds on a dynamic overlap.

The decision for one prior needs all ground truths, the thresholds of one ground truth need all
priors. Blocks of whole ground-truth rows give both: a row holds all priors, and over the rows only
a running best per prior is kept. Memory is bounded by the block, never by priors x ground truths.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from .boxes import clean_boxes
from .dynamic_iou import dynamic_iou, matching_degree
from .overlaps import pairwise_iof, pairwise_iou
from .thresholds import adaptive_thresholds

#: Elements of one (ground truths x priors) block: 32 MiB a float32 matrix.
BLOCK_ELEMENTS = 2**23

Metric = Literal["dynamic_iou", "matching_degree", "anchor_iou"]


class AdaptiveAssignment(NamedTuple):
    """The fate of N priors.

    Attributes:
        gt_inds: Shape (N,), int64: -1 ignored, 0 negative, k + 1 positive for ground truth k.
        max_overlaps: Shape (N,), in [0, 1]: the metric with the assigned ground truth if positive,
            else with the best one; -1 for priors inside an ignore region.
    """

    gt_inds: Tensor
    max_overlaps: Tensor


@dataclass(frozen=True)
class AssignmentRule:
    """What makes a prior positive, negative or ignored.

    Attributes:
        metric: ``dynamic_iou`` (Eq. 8), ``matching_degree`` (Eq. 6) or ``anchor_iou``.
        alpha: Weight of the anchor, in [0, 1].
        gamma: Exponent of the penalty, above 0.
        beta: Weight of the penalty of ``dynamic_iou``, at least 0; None means ``1 - alpha``.
        adaptive_threshold: Whether thresholds follow Eq. 1 to 5; else the two fixed ones hold.
        p_tp, p_tn: Factors of Eq. 1 and 2, in [0.5, 1].
        t_pos_min, t_neg_min: Lower bounds of the thresholds, 0 <= t_neg_min <= t_pos_min < 1.
        pos_iou_thr, neg_iou_thr: Fixed thresholds, 0 <= neg_iou_thr <= pos_iou_thr < 1.
        force_match: Whether a ground truth without positive takes its best free prior.

    Raises:
        ValueError: If an attribute is outside its range.
    """

    metric: Metric = "dynamic_iou"
    alpha: float = 1.0
    gamma: float = 1.5
    beta: float | None = None
    adaptive_threshold: bool = True
    p_tp: float = 3 / 4
    p_tn: float = 4 / 5
    t_pos_min: float = 0.1
    t_neg_min: float = 0.05
    pos_iou_thr: float = 0.5
    neg_iou_thr: float = 0.4
    force_match: bool = False

    def __post_init__(self) -> None:
        """Refuse values that have no meaning."""

        def check(ok: bool, name: str, wanted: str) -> None:
            if not ok:
                raise ValueError(f"{name} must be {wanted}, but got {getattr(self, name)!r}")

        check(self.metric in get_args(Metric), "metric", "one of " + ", ".join(get_args(Metric)))
        check(0 <= self.alpha <= 1, "alpha", "in [0, 1]")
        check(self.gamma > 0, "gamma", "above 0")
        check(self.beta is None or self.beta >= 0, "beta", "None or at least 0")
        check(0.5 <= self.p_tp <= 1, "p_tp", "in [0.5, 1]")
        check(0.5 <= self.p_tn <= 1, "p_tn", "in [0.5, 1]")
        for upper, lower in (("t_pos_min", "t_neg_min"), ("pos_iou_thr", "neg_iou_thr")):
            limit = getattr(self, upper)
            check(0 <= limit < 1, upper, "in [0, 1)")
            check(0 <= getattr(self, lower) <= limit, lower, f"in [0, {upper}={limit}]")

    @property
    def needs_predictions(self) -> bool:
        """Whether the regressed boxes can change the result."""
        if self.metric == "dynamic_iou":
            return self.alpha < 1 or bool(self.beta)
        return self.metric == "matching_degree"

    def measure(self, anchor_iou: Tensor, regressed_iou: Tensor | None) -> Tensor:
        """Return the metric, shape (K, N), from the two overlaps of that shape."""
        if regressed_iou is None or not self.needs_predictions:
            return anchor_iou
        if self.metric == "matching_degree":
            return matching_degree(anchor_iou, regressed_iou, self.alpha, self.gamma)
        return dynamic_iou(anchor_iou, regressed_iou, self.alpha, self.gamma, self.beta)

    def thresholds(self, anchor_iou: Tensor, gt_boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``T_p`` and ``T_n``, shape (K,), from the overlaps (K, N) and boxes (K, 4)."""
        if not self.adaptive_threshold:
            fixed = gt_boxes.new_empty(len(gt_boxes))
            return fixed.fill_(self.pos_iou_thr), torch.full_like(fixed, self.neg_iou_thr)
        return adaptive_thresholds(
            anchor_iou.amax(dim=1), gt_boxes, self.p_tp, self.p_tn, self.t_pos_min, self.t_neg_min
        )


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
