"""The assignment with the pairs that overlap, and no others: for thousands of tiny objects.

Why nothing else matters. Let A and R be the overlaps of a ground truth with the anchor and with the
regressed box of a prior. Where A = R = 0 the metric D is 0, for every alpha, beta and gamma > 0:

* Positive means D > T_p, and T_p >= 0: such a pair is never positive.
* Negative means D < T_n of every ground truth. Such a pair stands against it only if T_n = 0, and
  then every prior has such a pair or a larger D: no prior at all is negative. That is why
  the lowest T_n is reported.
* IoU_max and the largest D of a prior start from 0, and ``force_match`` asks for D > 0.

So the pairs with A > 0 or R > 0 decide. R > 0 with A = 0 can cross T_n (alpha = 0.6, gamma = 1.5:
D reaches 0.059) and T_p too (alpha = 0), so neither side can be left out. The candidates come from
the smallest box around anchor and regressed box; where that is much larger than the two, because
the network moves a box far, both stand by themselves. A pair found twice does no harm: everything
below is a maximum, a minimum or an "any". Each value is computed by the operations of the dense
form in their order, so both give the same bits.
"""

import torch
from torch import Tensor

from .assignment_problem import AssignmentProblem
from .boxes import box_areas
from .candidate_pairs import CandidatePairs
from .competition import keep_best
from .overlaps import aligned_iou, as_columns

#: How much larger than anchor and regressed box together the box around both may be.
LOOSEST = 2.0


class SparseEngine:
    """Decides about N priors by the pairs whose anchor or regressed box overlaps a ground truth.

    Args:
        problem: The image, with clean boxes.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        self.rule, gt_boxes, priors, pred_boxes, self.blocked = problem
        self.num_priors = len(priors)
        # Neighbours in the image come one after the other, so that they find the same boxes cached.
        self.gt_order = _by_place(gt_boxes)
        self.gt_boxes = gt_boxes.index_select(0, self.gt_order)
        self.pairs = CandidatePairs(self.gt_boxes, *_surroundings(priors, pred_boxes))
        # Columns in the sorted order, where the candidates of an object are neighbours.
        self.gts = as_columns(self.gt_boxes)
        self.priors = as_columns(priors.index_select(0, self.pairs.owners))
        self.preds = None
        if pred_boxes is not None:
            self.preds = as_columns(pred_boxes.index_select(0, self.pairs.owners))

    def decide(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return ``gt_inds`` and ``max_overlaps``, shape (N,), and the lowest T_n.

        A ground truth with a lower index wins a tie.
        """
        best = self.gts.new_full((self.num_priors,), -1.0)
        max_overlaps = torch.zeros_like(best)
        near = torch.zeros_like(best)
        gt_inds = torch.zeros_like(best, dtype=torch.long)
        lowest = best.new_tensor(1.0)
        for block in self.pairs.blocks():
            gt, prior = block.queries, self.pairs.owners.index_select(0, block.places)
            anchor_iou, metric = self._measure(gt + block.first, block.places)
            iou_max = anchor_iou.new_zeros(block.last - block.first)
            iou_max.scatter_reduce_(0, gt, anchor_iou, "amax")
            t_pos, t_neg = self.rule.thresholds(iou_max, self.gt_boxes[block.first : block.last])

            lowest = torch.minimum(lowest, t_neg.amin())
            near.scatter_reduce_(0, prior, (metric >= t_neg.index_select(0, gt)).to(near), "amax")
            max_overlaps.scatter_reduce_(0, prior, metric, "amax")
            passing = (metric > t_pos.index_select(0, gt)).nonzero().squeeze(1)
            keep_best(
                best,
                gt_inds,
                prior.index_select(0, passing),
                metric.index_select(0, passing),
                self.gt_order.index_select(0, gt.index_select(0, passing) + block.first) + 1,
            )
        gt_inds = gt_inds.masked_fill(((near > 0) | (lowest <= 0)) & (best < 0), -1)
        return gt_inds, torch.where(best >= 0, best, max_overlaps), lowest

    def best_free(self, taken: Tensor, wanting: Tensor) -> tuple[Tensor, Tensor]:
        """Return metric and index, shape (K,), of the best prior that is not taken."""
        value = self.gts.new_zeros(len(self.gt_order))
        index = torch.zeros_like(value, dtype=torch.long)
        for block in self.pairs.blocks():
            gt, prior = block.queries + block.first, self.pairs.owners.index_select(0, block.places)
            slot = self.gt_order.index_select(0, gt)
            free = wanting.index_select(0, slot) & ~taken.index_select(0, prior)
            free = free.nonzero().squeeze(1)
            gt, slot, prior, place = (
                x.index_select(0, free) for x in (gt, slot, prior, block.places)
            )
            keep_best(value, index, slot, self._measure(gt, place)[1], prior)
        return value, index

    def _measure(self, gt: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
        """Return A and D, shape (M,), of M pairs of ground truths and places."""
        gts = self.gts.index_select(1, gt)
        anchor_iou = aligned_iou(gts, self.priors.index_select(1, place))
        regressed_iou = None
        if self.preds is not None:
            regressed_iou = aligned_iou(gts, self.preds.index_select(1, place))
        metric = self.rule.measure(anchor_iou, regressed_iou)
        if self.blocked is not None:
            blocked = self.blocked.index_select(0, self.pairs.owners.index_select(0, place))
            anchor_iou, metric = anchor_iou.masked_fill(blocked, 0), metric.masked_fill(blocked, 0)
        return anchor_iou, metric


def _by_place(boxes: Tensor) -> Tensor:
    """Return an order, shape (K,), of boxes by strips of 64 px, and in each from left to right."""
    order = boxes[:, 0].argsort()
    return order.index_select(0, (boxes[:, 1] / 64).floor()[order].argsort(stable=True))


def _surroundings(priors: Tensor, preds: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Return boxes whose overlaps contain those of priors and predictions, and whose they are."""
    if preds is None:
        return priors, None
    around = torch.cat(
        [torch.minimum(priors[:, :2], preds[:, :2]), torch.maximum(priors[:, 2:], preds[:, 2:])], 1
    )
    areas = box_areas(priors), box_areas(preds)
    around = torch.where(areas[0][:, None] > 0, around, preds)
    around = torch.where(areas[1][:, None] > 0, around, priors)
    loose = box_areas(around) > LOOSEST * (areas[0] + areas[1])
    far = loose.nonzero().squeeze(1)
    owners = torch.arange(len(priors), device=priors.device)
    return (
        torch.cat([torch.where(loose[:, None], priors, around), preds.index_select(0, far)]),
        torch.cat([owners, far]),
    )
