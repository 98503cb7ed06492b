"""How far ground truths are at least and at most from all boxes of a group, by any measure.

DotD, NWD, RFD and SimD fall with a distance D: ``exp(-D)`` or ``1 / (1 + D)``. The ranges of a
group of boxes bound D from both sides. A group whose least D is above the greatest D of another
holds nothing better, and need not be measured. Bounds are widened by far more than what rounding
can do to D or to the measure; where a measure is so small that it loses digits, the upper bound is
infinite. So it is exact to leave out what they rule out.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ..overlaps import RFDKind
from .box_groups import MARGIN, Ranges

#: Relative and absolute widening of the distances, far above the rounding of float32.
SLACK = 2.0**-14

#: Distances up to which ``exp(-D)``, and ``1 / (1 + D)``, are normal numbers in float32.
FARTHEST_EXP, FARTHEST_INVERSE = 80.0, 1e30


class BoundedMeasure(Protocol):
    """A measure that is 0 for what is no box, and else falls with a distance that has bounds."""

    def __call__(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return the measure (..., m, n), at least 0, of boxes (..., m, 4) and (..., n, 4)."""

    def distance_bounds(self, gts: Tensor, groups: Ranges) -> tuple[Tensor, Tensor]:
        """Return the least and the greatest distance (...) of ground truths to groups.

        Args:
            gts: The columns x1, y1, x2, y2 of ground truths, shape (4, ...), in pixels.
            groups: Ranges (2, ...) of a shape that broadcasts with it.
        """


class FallingMeasure(BoundedMeasure, Protocol):
    """One that also tells the value of a distance, for bounds of values."""

    def value_of(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return the measure of distances (...) to ground truths whose shape (..., 4) broadcasts.

        It falls with the distance, by no more than some units in the last place too fast.
        """


class _Apart(NamedTuple):
    """The least and the greatest difference of ground truths and groups, (2, ...) along x, y."""

    least: Tensor
    greatest: Tensor


def dotd_bounds(gts: Tensor, groups: Ranges, scale: float) -> tuple[Tensor, Tensor]:
    """Bound ``rho / S`` of :func:`~adla.core.dotd`."""
    least, greatest = (_squared(x).sqrt_() / scale for x in _offsets(gts, groups))
    return _widened(least, greatest)


def nwd_bounds(gts: Tensor, groups: Ranges, constant: float) -> tuple[Tensor, Tensor]:
    """Bound ``W / C`` of :func:`~adla.core.nwd`."""
    least, greatest = (x.sqrt_() / constant for x in _squared_wasserstein(gts, groups))
    return _widened(least, greatest)


def rfd_bounds(gts: Tensor, groups: Ranges, kind: RFDKind) -> tuple[Tensor, Tensor]:
    """Bound D of :func:`~adla.core.rfd`."""
    if kind == "wd":
        bounds = _squared_wasserstein(gts, groups)
    else:
        bounds = _divergence(gts, groups)
    return _widened(*bounds, farthest=FARTHEST_INVERSE)


def simd_bounds(gts: Tensor, groups: Ranges, m: float, n: float) -> tuple[Tensor, Tensor]:
    """Bound the sum of location and shape of :func:`~adla.core.simd`."""
    gt, offsets, sides = _sides(gts), _offsets(gts, groups), _side_differences(gts, groups)
    low, high = (groups.side - groups.spread).clamp_(min=0), groups.side + groups.spread
    location = offsets.least / (gt + high), offsets.greatest / (gt + low)
    # |g - w| / (g + w) grows on both sides of g.
    nearest = sides.least / (gt + torch.clamp(gt, low, high))
    farthest = torch.maximum((gt - low).abs() / (gt + low), (gt - high).abs() / (gt + high))
    shape = nearest, farthest + MARGIN

    def length(part: Tensor) -> Tensor:
        return ((m * part[0]).square() + (n * part[1]).square()).sqrt()

    least, greatest = (length(a) + length(b) for a, b in zip(location, shape, strict=True))
    return _widened(least, greatest, slack=SLACK * (1 + m + n))


def _widened(
    least: Tensor, greatest: Tensor, slack: float = SLACK, farthest: float = FARTHEST_EXP
) -> tuple[Tensor, Tensor]:
    """Make bounds hold for rounded distances too, in place; a far upper one becomes infinite."""
    greatest.mul_(1 + SLACK).add_(slack)
    greatest.masked_fill_(greatest > farthest, torch.inf)
    return least.mul_(1 - SLACK).sub_(slack), greatest


def _sides(gts: Tensor) -> Tensor:
    """Return width and height, float32, shape (2, ...)."""
    return (gts[2:] - gts[:2]).float()


def _offsets(gts: Tensor, groups: Ranges) -> _Apart:
    """Bound the differences of the centers."""
    centers = ((gts[:2] + gts[2:]) / 2).float()
    margin = MARGIN * gts.abs().amax(dim=0).float()
    return _apart(centers, groups.center, groups.reach, margin)


def _side_differences(gts: Tensor, groups: Ranges) -> _Apart:
    """Bound the differences of the sides."""
    sides = _sides(gts)
    return _apart(sides, groups.side, groups.spread, MARGIN * sides)


def _apart(values: Tensor, middle: Tensor, half: Tensor, margin: Tensor) -> _Apart:
    """Bound the differences of values and what lies around the middle, all (2, ...)."""
    difference, half = (middle - values).abs_(), half + margin
    return _Apart((difference - half).clamp_(min=0), half.add_(difference))


def _squared(part: Tensor) -> Tensor:
    """Return the squared length, shape (...), of vectors (2, ...)."""
    return (part[0] * part[0]).addcmul_(part[1], part[1])


def _squared_wasserstein(gts: Tensor, groups: Ranges) -> tuple[Tensor, Tensor]:
    pairs = zip(_offsets(gts, groups), _side_differences(gts, groups), strict=True)
    least, greatest = (_squared(a).add_(_squared(b), alpha=0.25) for a, b in pairs)
    return least, greatest


def _divergence(gts: Tensor, groups: Ranges) -> tuple[Tensor, Tensor]:
    gt, offsets = _sides(gts), _offsets(gts, groups)
    low, high = (
        ((groups.side - groups.spread) / gt).clamp_(min=0),
        (groups.side + groups.spread) / gt,
    )

    def of_ratio(ratio: Tensor) -> Tensor:
        return (ratio.square() - 1) / 2 - ratio.log()

    # It falls down to the ratio 1, and grows from there.
    best, worst = low.clamp(min=1).minimum(high), torch.maximum(of_ratio(low), of_ratio(high))
    least = (of_ratio(best) + 2 * (offsets.least / gt).square()).sum(0)
    return least, (worst + 2 * (offsets.greatest / gt).square()).sum(0)
