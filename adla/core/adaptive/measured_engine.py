"""The assignment by a measure that is nowhere zero, with the pairs that can reach a threshold.

Why nothing else matters. D lies between A and R, the values of anchor and regressed box, or below
both: so D >= T_n takes A >= T_n or R >= T_n. What is below T_n of its ground truth neither makes a
prior positive nor keeps it from being negative, and counts as 0 among the largest values. The
thresholds come from the best prior of every ground truth, which a ranking with k = 1 finds. Both
searches leave out groups of boxes by bounds on their distances, wider than any rounding; values
that count are those of measuring all pairs, bit by bit.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..boxes import clean_boxes
from ..pair_search import keep_best
from ..ranked import BoxGroups, FallingMeasure, pairs_above, rank_bounded
from .dense_engine import DenseEngine
from .problem import AssignmentProblem


class MeasuredEngine:
    """Decides about N priors by the pairs that can reach T_n.

    Args:
        problem: The image, with a :class:`~adla.core.ranked.FallingMeasure`; N > 0.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        self._problem = problem
        self.rule, self.gt_boxes, priors, preds, blocked, measure = problem
        assert measure is not None
        self.measure: FallingMeasure = measure  # type: ignore[assignment]
        self.boxes = [clean_boxes(x) for x in (priors, preds) if x is not None]
        if blocked is not None:  # no box overlaps nothing
            self.boxes = [x.masked_fill(blocked[:, None], 0) for x in self.boxes]
        self.num_priors = len(priors)

    def decide(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return ``gt_inds`` and ``max_overlaps``, shape (N,), and the lowest T_n.

        A ground truth with a lower index wins a tie.
        """
        t_pos, t_neg = self.rule.thresholds(self._largest(), self.gt_boxes)
        best = t_pos.new_full((self.num_priors,), -1.0)
        max_overlaps = torch.zeros_like(best)
        near = torch.zeros_like(best, dtype=torch.bool)
        gt_inds = torch.zeros_like(best, dtype=torch.long)
        for gt, prior in self._pairs(t_neg):
            metric = self.rule.measure(*self._values(gt, prior))
            some = (metric >= t_neg.index_select(0, gt)).nonzero().squeeze(1)
            gt, prior, metric = (x.index_select(0, some) for x in (gt, prior, metric))
            near.index_fill_(0, prior, True)
            max_overlaps.scatter_reduce_(0, prior, metric, "amax")
            some = (metric > t_pos.index_select(0, gt)).nonzero().squeeze(1)
            gt, prior, metric = (x.index_select(0, some) for x in (gt, prior, metric))
            keep_best(best, gt_inds, prior, metric, gt + 1)
        lowest = t_neg.amin()
        gt_inds = gt_inds.masked_fill((near | (lowest <= 0)) & (best < 0), -1)
        return gt_inds, torch.where(best >= 0, best, max_overlaps), lowest

    def best_free(self, taken: Tensor, wanting: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Return metric and index, shape (W, k), of the best priors that are not taken.

        Here every pair counts; those of the W ground truths are measured in blocks. Arguments as
        of :meth:`DenseEngine.best_free`.
        """
        return DenseEngine(self._problem).best_free(taken, wanting, k)

    def _largest(self) -> Tensor:
        """Return the value of the best prior of every ground truth, shape (K,)."""
        ranked = rank_bounded(self.measure, self.gt_boxes, self.boxes[0], 1, with_best=False)
        largest = ranked.best.new_zeros(len(self.gt_boxes))
        return largest.scatter_reduce_(0, ranked.gt, ranked.value, "amax")

    def _pairs(self, floors: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        for boxes in self.boxes:
            yield from pairs_above(self.measure, self.gt_boxes, BoxGroups.of(boxes), floors)

    def _values(self, gt: Tensor, prior: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return A and R, shape (M,), of pairs; without regressed boxes R is None."""
        gts = self.gt_boxes.index_select(0, gt)[:, None]
        anchor, *regressed = (
            self.measure(gts, boxes.index_select(0, prior)[:, None]).flatten()
            for boxes in self.boxes
        )
        return anchor, regressed[0] if regressed else None
