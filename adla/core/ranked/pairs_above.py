"""The pairs whose measure may reach a value, by the bounds on the distances of groups of boxes."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..limits import limits_of
from .box_groups import BRANCHES, LEVELS, BoxGroups, Ranges, are_boxes
from .distance_bounds import FallingMeasure

#: Values below and ground truths with sides above these are too much for bounds in float32.
SMALLEST, WIDEST = 1e-30, 1e15


def pairs_above(
    measure: FallingMeasure, gt_boxes: Tensor, groups: BoxGroups, floors: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield, in blocks, all pairs with a measure of at least a floor, and some below it.

    Left out are the groups whose least distance has a value below the floor. The bounds are wider
    than what rounding can do to a distance or to its value, so nothing is left out that counts.

    Args:
        measure: The measure.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels. One that is no box is in no pair.
        groups: The other boxes.
        floors: Shape (K,): the value that counts for each ground truth.

    Yields:
        Indices of ground truths and of boxes, shape (M,) each, no pair twice.
    """
    known = are_boxes(gt_boxes).nonzero().squeeze(1)
    if not len(known) or not groups.num_boxes:
        return
    gts, floors = gt_boxes.index_select(0, known), floors.index_select(0, known)
    huge = (gts[:, 2:] - gts[:, :2]).amax(dim=1) > WIDEST
    floors = floors.masked_fill((floors < SMALLEST) | huge, 0)
    bounds = limits_of(gts.device).bounds
    inside = torch.arange(BRANCHES, device=gts.device)[:, None]
    for gt, group in _largest_groups(measure, gts, groups, floors, bounds):
        for level in range(1, LEVELS):
            place = (group * BRANCHES + inside).flatten()
            ranges = Ranges(*(x.index_select(1, place) for x in groups.levels[level]))
            gt = gt.repeat(BRANCHES)
            some = gts.index_select(0, gt)
            least = measure.distance_bounds(some.t().contiguous(), ranges)[0]
            reaches = _reaches(measure, least, some, floors.index_select(0, gt))
            reaches &= place * BRANCHES ** (LEVELS - level) < groups.num_boxes
            kept = reaches.nonzero().squeeze(1)
            gt, group = gt.index_select(0, kept), place.index_select(0, kept)
        place = (group * BRANCHES + inside).flatten()
        kept = (place < groups.num_boxes).nonzero().squeeze(1)
        box = groups.order.index_select(0, place.index_select(0, kept))
        yield known.index_select(0, gt.repeat(BRANCHES).index_select(0, kept)), box


def _largest_groups(
    measure: FallingMeasure, gts: Tensor, groups: BoxGroups, floors: Tensor, bounds: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pairs with the largest groups, so many that all smaller ones make ``bounds``."""
    ranges = Ranges(*(x[:, None] for x in groups.levels[0]))
    rows = max(bounds // ranges.side.size(2), 1)
    for first in range(0, len(gts), rows):
        some = gts[first : first + rows]
        least = measure.distance_bounds(some.t()[:, :, None], ranges)[0]
        reaches = _reaches(measure, least, some[:, None], floors[first : first + rows, None])
        gt, group = reaches.nonzero(as_tuple=True)
        size = max(bounds // BRANCHES ** (LEVELS - 1), 1)
        yield from zip((gt + first).split(size), group.split(size), strict=True)


def _reaches(measure: FallingMeasure, least: Tensor, gts: Tensor, floors: Tensor) -> Tensor:
    """Return where a floor can be reached; NaN rules nothing out."""
    return ~(measure.value_of(least.clamp_(min=0), gts) < floors)
