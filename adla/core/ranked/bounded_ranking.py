"""The best priors of ground truths by a measure with bounds, without measuring all pairs."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..limits import limits_of
from ..pair_search import largest_of_each, split_by_ends
from .box_groups import BRANCHES, LEVELS, BoxGroups, Ranges, are_boxes
from .distance_bounds import BoundedMeasure


class RankedPairs(NamedTuple):
    """Pairs of ground truths and the priors that they rank, and the best value of every prior.

    Attributes:
        gt: Shape (M,), int64.
        prior: Shape (M,), int64.
        value: Shape (M,): the measure; -1 for a pair that is none.
        best: Shape (N,): the measure of each of the N priors with the best ground truth of all;
            0 without any.
    """

    gt: Tensor
    prior: Tensor
    value: Tensor
    best: Tensor


def rank_bounded(
    measure: BoundedMeasure, gt_boxes: Tensor, priors: Tensor, k: int, with_best: bool
) -> RankedPairs:
    """Rank the priors of every ground truth.

    Priors are looked at in groups of neighbors of like size, in groups of such groups first. What
    a ground truth cannot rank is a group whose least distance is above the k-th smallest of the
    greatest distances of all groups. What cannot be the best of a group's priors is a ground truth
    whose least distance is above the smallest of the greatest distances of all ground truths. The
    rest is measured. Values, and what stands first on a tie (the lower prior), are those of
    measuring all pairs.

    Args:
        measure: The measure.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels.
        priors: Shape (N, 4), xyxy in pixels.
        k: How many priors a ground truth ranks, at least 1.
        with_best: Whether ``best`` is wanted; else it is 0.

    Returns:
        The rankings, at most k pairs of each ground truth.
    """
    best = measure(gt_boxes[:0], priors).new_zeros(len(priors))
    known = are_boxes(gt_boxes).nonzero().squeeze(1)
    gts, groups = gt_boxes.index_select(0, known), BoxGroups.of(priors)
    inside = torch.arange(BRANCHES, device=priors.device)[:, None]
    found = [(known[:0], known[:0], best[:0])]
    floor = best.new_full((len(gts),), -1)  # of each ground truth's k-th best value
    if len(gts) and groups.num_boxes:
        for gt, group, ranks in _Search(measure, gts, groups, k, with_best).pairs():
            place = (group * BRANCHES + inside).flatten()
            prior = groups.order.index_select(0, place)
            gt = gt.repeat(BRANCHES)
            pairs = gts.index_select(0, gt)[:, None], priors.index_select(0, prior)[:, None]
            value = measure(*pairs).flatten().to(best.dtype)
            value.masked_fill_(place >= groups.num_boxes, -1)
            if with_best:
                best.scatter_reduce_(0, prior, value, "amax")
            if k <= BRANCHES:
                smallest = value.view(BRANCHES, -1).amin(dim=0)
                floor.scatter_reduce_(0, gt[: len(smallest)], smallest, "amax")
            counts = ranks.repeat(BRANCHES) & (value >= floor.index_select(0, gt))
            some = counts.nonzero().squeeze(1)
            found.append(tuple(x.index_select(0, some) for x in (gt, prior, value)))  # type: ignore
    gt, prior, value = (torch.cat(parts) for parts in zip(*found, strict=True))
    order = prior.argsort()
    kept = order[largest_of_each(gt[order], value[order], k)]
    return RankedPairs(known[gt[kept]], prior[kept], value[kept], best)


class _Search:
    """Finds the pairs of ground truths and smallest groups that are worth measuring.

    Args:
        measure: The measure.
        gts: Ground truths of shape (K, 4), all of them boxes; K > 0.
        groups: The priors, at least one.
        k: How many priors a ground truth ranks.
        with_best: Whether the best ground truth of every prior is wanted too.
    """

    def __init__(
        self, measure: BoundedMeasure, gts: Tensor, groups: BoxGroups, k: int, with_best: bool
    ) -> None:
        self._measure, self._gts, self._groups, self._k = measure, gts, groups, k
        self._with_best = with_best
        self._limits = limits_of(gts.device)
        self._largest = gts.new_full((len(gts),), torch.inf, dtype=torch.float32)

    def pairs(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield, in blocks, ground truths, groups, and whether the one may rank the other."""
        gt, group = self._largest_groups()
        # Whole groups at a time: then what they are compared with is all there.
        group, order = group.sort(stable=True)
        gt = gt.index_select(0, order)
        borders = torch.arange(self._groups.levels[0].side.size(1) + 1, device=group.device)
        ends = torch.searchsorted(group, borders).cpu()
        for begin, end in split_by_ends(ends, self._limits.bounds // BRANCHES ** (LEVELS - 1)):
            first, last = int(ends[begin]), int(ends[end])
            some, inside = gt[first:last], group[first:last]
            ranks = torch.ones_like(some, dtype=torch.bool)
            for level in range(1, LEVELS):
                some, inside, ranks = self._children(some, inside, level)
            yield some, inside, ranks

    def _largest_groups(self) -> tuple[Tensor, Tensor]:
        """Return the pairs with the largest groups; every pair of the two is bounded, twice."""
        ranges = Ranges(*(x[:, None] for x in self._groups.levels[0]))
        rows = self._gts.t()[:, :, None].split(max(self._limits.bounds // ranges[0].size(2), 1), 1)
        smallest = ranges.side.new_full(ranges.side.shape[2:], torch.inf)
        for some, largest in zip(rows, self._largest.split(rows[0].size(1)), strict=True):
            greatest = self._measure.distance_bounds(some, ranges)[1]
            smallest = torch.minimum(smallest, greatest.amin(dim=0))
            largest.copy_(self._kth_smallest(greatest))
        found, first = [], 0
        for some, largest in zip(rows, self._largest.split(rows[0].size(1)), strict=True):
            least = self._measure.distance_bounds(some, ranges)[0]
            gt, group = self._needed(least, largest[:, None], smallest)[0].nonzero(as_tuple=True)
            found.append((gt + first, group))
            first += some.size(1)
        gt, group = (torch.cat(parts) for parts in zip(*found, strict=True))
        return gt, group

    def _children(self, gt: Tensor, group: Tensor, level: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the pairs with groups of a level, from those with the groups that hold them."""
        place = (group * BRANCHES + torch.arange(BRANCHES, device=gt.device)[:, None]).flatten()
        all_ranges = self._groups.levels[level]
        ranges = Ranges(*(x.index_select(1, place).view(2, BRANCHES, -1) for x in all_ranges))
        gts = self._gts.index_select(0, gt).t().contiguous()[:, None]
        least, greatest = self._measure.distance_bounds(gts, ranges)
        size = BRANCHES ** (LEVELS - level)
        if self._k <= size:
            full = greatest.flatten()
            full = full.masked_fill((place + 1) * size > self._groups.num_boxes, torch.inf)
            self._largest.scatter_reduce_(0, gt, full.view(BRANCHES, -1).amin(dim=0), "amin")
        smallest = greatest.new_full((all_ranges.side.size(1),), torch.inf)
        smallest.scatter_reduce_(0, place, greatest.flatten(), "amin")
        smallest = smallest.index_select(0, place).view(BRANCHES, -1)
        needed, ranks = self._needed(least, self._largest.index_select(0, gt), smallest)
        needed = needed.flatten() & (place * size < self._groups.num_boxes)
        some = needed.nonzero().squeeze(1)
        ranks = ranks.flatten().index_select(0, some)
        return gt.index_select(0, some % len(gt)), place.index_select(0, some), ranks

    def _needed(self, least: Tensor, largest: Tensor, smallest: Tensor) -> tuple[Tensor, Tensor]:
        """Return which pairs are needed and which of them to rank; NaN rules nothing out."""
        ranks = ~(least > largest)
        return ranks | ~(least > smallest) if self._with_best else ranks, ranks

    def _kth_smallest(self, greatest: Tensor) -> Tensor:
        """Return distances (m,) within which k boxes are, from those of the largest groups."""
        size = BRANCHES**LEVELS
        full, needed = self._groups.num_boxes // size, -(-self._k // size)
        if needed > full:
            return greatest.new_full((len(greatest),), torch.inf)
        return greatest[:, :full].topk(needed, dim=1, largest=False).values[:, -1]
