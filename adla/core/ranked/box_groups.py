"""Boxes in groups of neighbors of like size, groups of groups, and what is known of each."""

from typing import NamedTuple

import torch
from torch import Tensor

#: Boxes in a smallest group, groups in the next larger one, and how many kinds of groups there are.
BRANCHES, LEVELS = 8, 3

#: Cells of the grid along each axis, a power of two, whose Z order the boxes of one size follow.
CELLS = 2**10

#: Classes of the logarithm of a side, per octave and in all.
SIZES_PER_OCTAVE, SIZES = 4, 2**7

#: Relative widening of all ranges: far above what rounding in float32 can do to them.
MARGIN = 2.0**-20


class Ranges(NamedTuple):
    """Where the centers and how large the sides of the boxes of groups are, or a little more.

    All have the shape (2, ...), along x and y, in pixels, float32.

    Attributes:
        center, reach: The centers are within ``reach`` of ``center``.
        side, spread: Width and height are within ``spread`` of ``side``.
    """

    center: Tensor
    reach: Tensor
    side: Tensor
    spread: Tensor

    def joined(self) -> "Ranges":
        """Return the ranges of groups of ``BRANCHES`` groups each, from (2, C) to (2, C')."""
        return Ranges(*_joined(self.center, self.reach), *_joined(self.side, self.spread))


class BoxGroups(NamedTuple):
    """M boxes in groups: the group g of a level holds the groups ``BRANCHES * g + i`` of the next.

    Attributes:
        order: Shape (M',), int64: the indices of the boxes, group after group. What is missing in
            the last group stands for a box that was there before.
        num_boxes: M.
        levels: The ranges of the groups, the largest groups first. The last ones hold
            ``BRANCHES`` boxes each.
    """

    order: Tensor
    num_boxes: int
    levels: list[Ranges]

    @classmethod
    def of(cls, boxes: Tensor) -> "BoxGroups":
        """Group what is a box among boxes of shape (N, 4), xyxy in pixels."""
        chosen = are_boxes(boxes).nonzero().squeeze(1)
        count = len(chosen)
        if not count:
            return cls(chosen, 0, [])
        order = chosen.index_select(0, _neighbors_together(boxes.index_select(0, chosen)))
        missing = -count % BRANCHES**LEVELS
        order = torch.cat([order, order[-1:].expand(missing)])
        corners = boxes.index_select(0, order).t().contiguous()
        centers = ((corners[:2] + corners[2:]) / 2).float()
        sides = (corners[2:] - corners[:2]).float()
        margin = MARGIN * corners.abs().amax(dim=0).float()
        ranges = Ranges(centers, margin.expand_as(centers), sides, sides * MARGIN)
        levels: list[Ranges] = []
        for _ in range(LEVELS):
            ranges = ranges.joined()
            levels.insert(0, ranges)
        return cls(order, count, levels)


def _joined(middle: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    """Return the middle and half the length of what ``BRANCHES`` intervals each cover."""
    low = (middle - half).view(2, -1, BRANCHES).amin(dim=2)
    high = (middle + half).view(2, -1, BRANCHES).amax(dim=2)
    middle = low / 2 + high / 2
    # Once more the rounding of this very line; a few units in the last place of what is there.
    rounding = MARGIN * torch.maximum(low.abs(), high.abs())
    return middle, (high - low) / 2 + rounding


def are_boxes(boxes: Tensor) -> Tensor:
    """Return which boxes, bool (N,), are finite and have width and height, as calculators do."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return (sides.isfinite() & (sides > 0)).all(dim=1)


def _neighbors_together(boxes: Tensor) -> Tensor:
    """Return an order, shape (N,), of boxes by size, and of one size in Z order."""
    columns = boxes.t().contiguous().float()
    sides = (columns[2:] - columns[:2]).clamp_(min=1e-9).log2_().mul_(SIZES_PER_OCTAVE)
    size = sides.add_(SIZES // 4).clamp_(0, SIZES - 1).long()
    centers = (columns[:2] + columns[2:]) / 2
    low = centers.amin(dim=1, keepdim=True)
    extent = (centers.amax(dim=1, keepdim=True) - low).clamp_(min=1e-9)
    cell = torch.exp2((extent / (CELLS - 1)).log2().ceil())  # fits grids of anchors
    x, y = _spread(((centers - low) / cell).clamp_(0, CELLS - 1).long())
    return (((size[0] * SIZES + size[1]) << 20) | (y << 1) | x).argsort()


def _spread(numbers: Tensor) -> Tensor:
    """Return integers below 2^10 with a zero between any two of their bits."""
    for shift, mask in ((8, 0xFF00FF), (4, 0xF0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        numbers = (numbers | (numbers << shift)) & mask
    return numbers
