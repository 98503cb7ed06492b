"""Task-aligned assignment of a padded batch, with one overlap measure per pyramid level.

What can match at all is little: the priors inside the gate of a ground truth. So the gate is
evaluated in blocks of whole ground-truth rows, and all else on the list of pairs that pass it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..limits import limits_of
from ..pair_search import largest_of_each
from .alignment_measure import AlignmentMeasure
from .batch_targets import BatchTargets
from .center_sampling import gated_pairs, widen_small_sides
from .contested_priors import admit_rivals
from .forced_matches import force_matches
from .rule import TaskAlignmentRule


class TaskAlignment(NamedTuple):
    """The targets of B images with P priors each.

    Attributes:
        gt_inds: Shape (B, P), int64: 0 background, k + 1 for the k-th ground truth of the image.
        labels: Shape (B, P), int64: the class of that ground truth, -1 for background.
        boxes: Shape (B, P, 4): the box of that ground truth, xyxy in pixels, 0 for background.
        scores: Shape (B, P), in [0, 1]: the score that the classification is to learn for that
            class, 0 for background.
    """

    gt_inds: Tensor
    labels: Tensor
    boxes: Tensor
    scores: Tensor


@torch.no_grad()
def assign_task_aligned(
    scores: Tensor,
    boxes: Tensor,
    priors: Tensor,
    gt_labels: Tensor,
    gt_boxes: Tensor,
    gt_mask: Tensor,
    num_level_priors: Sequence[int],
    rule: TaskAlignmentRule,
    block_elements: int | None = None,
) -> TaskAlignment:
    """Assign the priors of a batch to ground truths or to the background.

    1. Gate: a prior can match a ground truth if it lies inside its box (the border excluded); on
       ``dotd`` levels, or those that a list names, the box is first widened about its center to at
       least ``gate_stride`` strides; on all levels with ``widen_small_sides``, see there.
    2. Candidates: the ``topk`` priors in the gate with the largest alignment metric
       ``score^alpha * overlap^beta`` above 0, over all levels or on each; ties: lowest index.
    3. Conflict: a prior that several want goes to the one with the largest overlap, of those that
       chose it or, with ``contested="all"``, of all whose gate it is in; ties: lowest index.
    4. With ``force_match`` every ground truth left without gets a positive, see
       :func:`~adla.core.task_aligned.forced_matches.force_matches`.
    5. Target score: the metric over the largest metric of the ground truth's positives, times the
       largest ``soft_target`` of them; with ``topk_per_level`` for each level by itself, as
       metrics of different measures do not compare. Where that largest metric is 0, the
       ``soft_target`` itself. With ``eps`` it is added to the largest metric, whatever that is.

    The overlap is the measure of the prior's level; below 1e-9 (CIoU can be negative) it counts as
    0, and so does that of a prediction that is not finite. A ground truth without positive width
    and height is left out. Pairs are computed in float64 and ranked in float32, so that equal
    pairs tie wherever they stand. The result is float32.

    Args:
        scores: Probabilities of shape (B, P, C).
        boxes: Predicted boxes of shape (B, P, 4), xyxy in pixels.
        priors: Shape (P, 4): x, y, stride_w, stride_h, level after level.
        gt_labels: Classes of shape (B, G), int64.
        gt_boxes: Ground truths of shape (B, G, 4), xyxy in pixels, padded.
        gt_mask: Shape (B, G), bool: which of them are no padding.
        num_level_priors: How many priors each level has; they add up to P.
        rule: Measures, exponents and numbers.
        block_elements: Upper bound of ground truths x priors held at once (at least one row is);
            None for what suits the device.

    Raises:
        ValueError: If shapes or levels do not fit, or a label or a score is out of range.

    Example:
        >>> priors = torch.tensor([[4.0, 4, 8, 8], [12, 4, 8, 8]])
        >>> gt_boxes = torch.tensor([[[0.0, 0, 8, 8]]])
        >>> result = assign_task_aligned(
        ...     scores=torch.tensor([[[0.9], [0.1]]]),
        ...     boxes=torch.tensor([[[0.0, 0, 8, 8], [8, 0, 16, 8]]]),
        ...     priors=priors,
        ...     gt_labels=torch.tensor([[0]]),
        ...     gt_boxes=gt_boxes,
        ...     gt_mask=torch.tensor([[True]]),
        ...     num_level_priors=[2],
        ...     rule=TaskAlignmentRule(metrics="ciou"),
        ... )
        >>> result.gt_inds.tolist()
        [[1, 0]]
    """
    _check_shapes(scores, boxes, priors, gt_labels, gt_boxes, gt_mask, num_level_priors)
    num_levels, batch, num_priors = len(num_level_priors), len(boxes), len(priors)
    metrics = [rule.metric_of(level, num_levels) for level in range(num_levels)]
    targets = BatchTargets.from_padded(gt_labels, gt_boxes, gt_mask, scores.size(2))
    if not len(targets.boxes) or not num_priors:
        return _empty(batch, num_priors, scores.device)
    levels = torch.cat(
        [
            gt_labels.new_full((count,), level, dtype=torch.long)
            for level, count in enumerate(num_level_priors)
        ]
    )
    points = priors.float()
    gates = [rule.gate_of(level, num_levels) for level in range(num_levels)]
    gated = targets.boxes
    if rule.widen_small_sides is not None:
        gated = widen_small_sides(gated, points, num_level_priors, rule.widen_small_sides)
    measure = AlignmentMeasure(
        scores.flatten(0, 1), boxes.flatten(0, 1), levels, metrics, targets, rule
    )

    block_elements = block_elements or limits_of(boxes.device).gate_elements
    rows = max(block_elements // num_priors, 1)
    found, wrong = [], []
    for first in range(0, len(targets.boxes), rows):
        gts = gated[first : first + rows]
        gt, prior = gated_pairs(gts, points, num_level_priors, gates)
        found.append(_candidates(gt + first, prior, measure))
        wrong.append(measure.no_probabilities(gt + first, prior))
    _refuse_scores(torch.stack(wrong), scores)
    gt, prior, overlap, metric = (torch.cat(parts) for parts in zip(*found, strict=True))
    if rule.contested == "all":
        gt, prior = admit_rivals(gt, prior, measure, gated, points, gates, block_elements)
        overlap = measure.overlap(gt, prior)
        metric = measure.metric(gt, prior, overlap)
    wins = largest_of_each(measure.places(gt, prior), overlap.float())
    gt, prior = gt[wins], prior[wins]
    if rule.force_match:
        gt, prior = force_matches(
            gt, prior, metric[wins], points[:, :2], targets, batch, block_elements
        )
    return _targets(gt, prior, measure, batch)


def _candidates(
    gt: Tensor, prior: Tensor, measure: AlignmentMeasure
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the pairs that are among the best of their group, their overlap and their metric."""
    overlap = measure.overlap(gt, prior)
    metric = measure.metric(gt, prior, overlap)
    some = (metric > 0).nonzero().squeeze(1)
    groups = measure.groups(gt[some], prior[some])
    best = some[largest_of_each(groups, metric[some].float(), measure.rule.topk)]
    return gt[best], prior[best], overlap[best], metric[best]


def _targets(gt: Tensor, prior: Tensor, measure: AlignmentMeasure, batch: int) -> TaskAlignment:
    """Write the positive pairs into the targets of the whole batch."""
    targets, places = measure.targets, measure.places(gt, prior)
    result = _empty(batch, len(measure.levels), places.device)
    result.gt_inds.view(-1)[places] = targets.gt_ind[gt] + 1
    result.labels.view(-1)[places] = targets.labels[gt]
    result.boxes.view(-1, 4)[places] = targets.boxes[gt]
    result.scores.view(-1)[places] = measure.target_scores(gt, prior).float()
    return result


def _empty(batch: int, num_priors: int, device: torch.device) -> TaskAlignment:
    """Return targets that are all background."""
    gt_inds = torch.zeros(batch, num_priors, dtype=torch.long, device=device)
    scores = torch.zeros(batch, num_priors, device=device)
    boxes = torch.zeros(batch, num_priors, 4, device=device)
    return TaskAlignment(gt_inds, torch.full_like(gt_inds, -1), boxes, scores)


def _refuse_scores(wrong: Tensor, scores: Tensor) -> None:
    """Refuse scores that are no probabilities; asked once, as each question makes a GPU wait."""
    if bool(wrong.any()):
        known = scores[~scores.isnan()]
        raise ValueError(
            f"scores must be probabilities in [0, 1], but range from {known.min():.4g} to "
            f"{known.max():.4g}; for a head that hands over logits, such as RTMDetHead, set "
            "scores_are_logits=True"
        )


def _check_shapes(
    scores: Tensor,
    boxes: Tensor,
    priors: Tensor,
    gt_labels: Tensor,
    gt_boxes: Tensor,
    gt_mask: Tensor,
    num_level_priors: Sequence[int],
) -> None:
    """Refuse tensors that do not belong together."""
    batch, num_priors, num_gts = len(boxes), len(priors), gt_labels.size(-1)
    wanted = {
        "scores": (scores, (batch, num_priors, scores.size(-1))),
        "boxes": (boxes, (batch, num_priors, 4)),
        "priors": (priors, (num_priors, 4)),
        "gt_labels": (gt_labels, (batch, num_gts)),
        "gt_boxes": (gt_boxes, (batch, num_gts, 4)),
        "gt_mask": (gt_mask, (batch, num_gts)),
    }
    for name, (tensor, shape) in wanted.items():
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{name} must have shape {shape}, but has {tuple(tensor.shape)}")
    if sum(num_level_priors) != num_priors:
        raise ValueError(
            f"num_level_priors {list(num_level_priors)} add up to {sum(num_level_priors)}, but "
            f"there are {num_priors} priors"
        )
