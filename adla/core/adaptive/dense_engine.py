"""The assignment with all pairs of some ground truths at a time: for few boxes, or huge ones.

The decision for one prior needs all ground truths, the thresholds of one ground truth need all
priors. Blocks of whole ground-truth rows give both: a row holds all priors, and over the rows only
a running best per prior is kept. Memory is bounded by the block, never by priors x ground truths.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..boxes import clean_columns
from ..limits import limits_of
from ..overlaps import pairwise_iou
from ..pair_search import largest_of_rows
from .problem import AssignmentProblem


class _Rows(NamedTuple):
    """The rows of the ground truths ``first, first + 1, ...`` against all priors."""

    first: int
    metric: Tensor
    t_pos: Tensor
    t_neg: Tensor


class DenseEngine:
    """Decides about N priors by blocks of the (K, N) matrix of all pairs.

    Args:
        problem: The image; N > 0.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        self.rule, self.gt_boxes, priors, preds, self.blocked, measure = problem
        # Rows of coordinates, which lie together in memory.
        self.priors = clean_columns(priors)[:4].t()
        self.pred_boxes = None if preds is None else clean_columns(preds)[:4].t()
        limits = limits_of(priors.device)
        self.measure = measure or pairwise_iou
        self.is_iou = measure is None
        block = limits.dense_elements if self.is_iou else limits.ranked_pairs
        self.rows = max(block // len(priors), 1)

    def decide(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return ``gt_inds`` and ``max_overlaps``, shape (N,), and the lowest T_n.

        An earlier ground truth wins a tie.
        """
        best = self.priors.new_full((len(self.priors),), -1.0)
        max_overlaps = torch.zeros_like(best)
        gt_inds = torch.zeros_like(best, dtype=torch.long)
        near = torch.zeros_like(best, dtype=torch.bool)
        lowest = best.new_ones(())
        for first, metric, t_pos, t_neg in self._blocks(self.gt_boxes):
            lowest = torch.minimum(lowest, t_neg.amin())
            reaching = metric >= t_neg[:, None]
            near |= reaching.any(dim=0)
            if not self.is_iou:
                metric = metric * reaching
            max_overlaps = torch.maximum(max_overlaps, metric.amax(dim=0))
            qualified = metric.masked_fill_(metric <= t_pos[:, None], -1)
            value, row = qualified.max(dim=0)
            better = value > best
            best = torch.where(better, value, best)
            gt_inds = torch.where(better, row + first + 1, gt_inds)
        gt_inds = gt_inds.masked_fill(near & (best < 0), -1)
        return gt_inds, torch.where(best >= 0, best, max_overlaps), lowest

    def best_free(self, taken: Tensor, wanting: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Return metric and index, shape (W, k), of the best priors that are not taken.

        Args:
            taken: Shape (N,), bool.
            wanting: Ground truths, shape (W,), int64.
            k: How many at most; what is missing has the metric 0.
        """
        rows = self._blocks(self.gt_boxes.index_select(0, wanting))
        k = min(k, len(self.priors))
        found = [largest_of_rows(some.metric.masked_fill_(taken, 0), k) for some in rows]
        values, indices = (torch.cat(parts) for parts in zip(*found, strict=True))
        return values, indices

    def _blocks(self, gt_boxes: Tensor) -> Iterator[_Rows]:
        for first in range(0, len(gt_boxes), self.rows):
            gts = gt_boxes[first : first + self.rows]
            anchor_iou = self.measure(gts, self.priors)
            regressed_iou = None
            if self.pred_boxes is not None:
                regressed_iou = self.measure(gts, self.pred_boxes)
            metric = self.rule.measure(anchor_iou, regressed_iou)
            if self.blocked is not None:
                anchor_iou = anchor_iou.masked_fill(self.blocked, 0)
                metric = metric.masked_fill(self.blocked, 0)
            yield _Rows(first, metric, *self.rule.thresholds(anchor_iou.amax(dim=1), gts))
