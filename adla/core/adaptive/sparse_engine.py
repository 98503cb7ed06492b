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

from ..boxes import box_areas, clean_columns
from ..limits import limits_of
from ..overlaps import aligned_iou
from ..pair_search import CandidatePairs, keep_best, largest_of_each, listed
from .problem import AssignmentProblem

#: How much larger than anchor and regressed box together the box around both may be.
LOOSEST = 2.0


class SparseEngine:
    """Decides about N priors by the pairs whose anchor or regressed box overlaps a ground truth.

    Args:
        problem: The image.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        self.rule, gt_boxes, priors, preds, self.blocked, _ = problem
        self.num_priors = len(priors)
        self.free_waits = limits_of(gt_boxes.device).free_waits
        # Neighbors in the image come one after the other, so that they find the same boxes cached.
        self.gt_order = _by_place(gt_boxes)
        self.gt_boxes = gt_boxes.index_select(0, self.gt_order)
        self.gts = clean_columns(self.gt_boxes)
        anchors = clean_columns(priors)
        regressed = None if preds is None else clean_columns(preds)
        self.pairs = CandidatePairs(self.gt_boxes, *_surroundings(anchors, regressed))
        # In the sorted order the candidates of an object are neighbors.
        self.priors = anchors.index_select(1, self.pairs.owners)
        self.preds = None
        if regressed is not None:
            self.preds = regressed.index_select(1, self.pairs.owners)

    def decide(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return ``gt_inds`` and ``max_overlaps``, shape (N,), and the lowest T_n.

        A ground truth with a lower index wins a tie.
        """
        best = self.gts.new_full((self.num_priors,), -1.0)
        max_overlaps = torch.zeros_like(best)
        near = torch.zeros_like(best, dtype=torch.uint8)
        gt_inds = torch.zeros_like(best, dtype=torch.long)
        lowest = best.new_ones(())
        for block in self.pairs.blocks():
            gt, prior = block.queries, self.pairs.owners.index_select(0, block.places)
            anchor_iou, metric = self._measure(gt + block.first, block.places)
            iou_max = anchor_iou.new_zeros(block.last - block.first)
            iou_max.scatter_reduce_(0, gt, anchor_iou, "amax")
            t_pos, t_neg = self.rule.thresholds(iou_max, self.gt_boxes[block.first : block.last])

            lowest = torch.minimum(lowest, t_neg.amin())
            max_overlaps.scatter_reduce_(0, prior, metric, "amax")
            # T_p >= T_n: what passes the one has reached the other.
            reaching = metric >= t_neg.index_select(0, gt)
            if self.free_waits:
                some = reaching.nonzero().squeeze(1)
                gt, prior, metric = (x.index_select(0, some) for x in (gt, prior, metric))
                near.index_fill_(0, prior, 1)
            else:
                near.scatter_reduce_(0, prior, reaching.to(near.dtype), "amax")
            passing = metric > t_pos.index_select(0, gt)
            if self.free_waits:
                some = passing.nonzero().squeeze(1)
                gt, prior, metric = (x.index_select(0, some) for x in (gt, prior, metric))
            else:
                metric = metric.masked_fill(~passing, -1)  # beats nothing
            ground_truth = self.gt_order.index_select(0, gt + block.first) + 1
            keep_best(best, gt_inds, prior, metric, ground_truth)
        gt_inds = gt_inds.masked_fill(((near > 0) | (lowest <= 0)) & (best < 0), -1)
        return gt_inds, torch.where(best >= 0, best, max_overlaps), lowest

    def best_free(self, taken: Tensor, wanting: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Return metric and index, shape (W, k), of the best priors that are not taken.

        Args:
            taken: Shape (N,), bool.
            wanting: Ground truths, shape (W,), int64.
            k: How many at most; what is missing has the metric 0.
        """
        wants = torch.zeros_like(self.gt_order, dtype=torch.bool).index_fill_(0, wanting, True)
        found = [(wanting[:0], wanting[:0], self.gts[0, :0])]
        for block in self.pairs.blocks():
            gt, prior = block.queries + block.first, self.pairs.owners.index_select(0, block.places)
            slot = self.gt_order.index_select(0, gt)
            free = wants.index_select(0, slot) & ~taken.index_select(0, prior)
            free = free.nonzero().squeeze(1)
            gt, slot, prior, place = (
                x.index_select(0, free) for x in (gt, slot, prior, block.places)
            )
            metric = self._measure(gt, place)[1]
            some = (metric > 0).nonzero().squeeze(1)
            found.append(tuple(x.index_select(0, some) for x in (slot, prior, metric)))  # type: ignore[arg-type]
        slot, prior, metric = (torch.cat(parts) for parts in zip(*found, strict=True))
        order = prior.argsort()
        kept = order[largest_of_each(slot[order], metric[order], k)]
        return listed(wanting, k, slot[kept], metric[kept], prior[kept])

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


def _surroundings(anchors: Tensor, regressed: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Return boxes (M, 4) whose overlaps contain those of two sets of columns, and whose they are.

    The boxes lie column by column in memory, as :class:`CandidatePairs` reads them.
    """
    if regressed is None:
        return anchors[:4].t(), None
    around = torch.empty_like(anchors[:4])
    torch.minimum(anchors[:2], regressed[:2], out=around[:2])
    torch.maximum(anchors[2:4], regressed[2:4], out=around[2:])
    loose = box_areas(around.t()) > LOOSEST * (anchors[4] + regressed[4])
    loose &= (anchors[4] > 0) & (regressed[4] > 0)
    around = torch.where(loose | (regressed[4] <= 0), anchors[:4], around)
    around = torch.where(anchors[4] > 0, around, regressed[:4])
    far = loose.nonzero().squeeze(1)
    owners = torch.arange(around.size(1), device=far.device)
    return torch.cat([around, regressed[:4].index_select(1, far)], 1).t(), torch.cat([owners, far])
