"""What a distance of two boxes is worth in IoU: the shift that is as far, and the IoU of a shift.

A measure is compared with the IoU on what both see alike: the ground truth against itself, moved
along an axis by a share u of its side. The IoU is then ``(1 - u) / (1 + u)``, close to
``exp(-2 u)``: the same value and slope at 0, .607 for .600 at a quarter of the side, .368 for .333
at half. A distance D of any pair has an *equal shift*, the u at which the moved ground truth is as
far away. ``exp(-2 u)`` is then D on the scale of the IoU, for objects of every size, and no
constant of a data set is left in it. Derived in ``docs/any-measure.md``.

Where a measure sees pixels and not shares of the sides, an object of w by h counts as a square of
side ``sqrt(w h)``: the geometric mean of what the shifts along both axes give.
"""

import math

import torch
from torch import Tensor

from .distance_overlaps import sides
from .gaussian_overlaps import RFDKind


def iou_of_shift(shift: Tensor) -> Tensor:
    """Return ``exp(-2 u)``, about the IoU of a box with itself moved by u of its side.

    Args:
        shift: u, any shape, at least 0.

    Returns:
        The value of the same shape, in [0, 1].

    >>> iou_of_shift(torch.tensor([0.0, 0.25])).tolist()
    [1.0, 0.6065306663513184]
    """
    return torch.exp(-2 * shift)


def dotd_shift(distance: Tensor, gt_boxes: Tensor, scale: float) -> Tensor:
    """Return the equal shift of ``rho / S``: rho in sides of the object.

    Args:
        distance: Shape (...), at least 0.
        gt_boxes: Ground truths, xyxy in pixels, whose shape (..., 4) broadcasts with it.
        scale: S in pixels, above 0.

    Returns:
        The shift in sides of the object, shape (...); NaN or infinite for a box without area.
    """
    return distance * scale / _mean_side(gt_boxes)


def nwd_shift(distance: Tensor, gt_boxes: Tensor, constant: float) -> Tensor:
    """Return the equal shift of ``W / C``; arguments as of :func:`dotd_shift`."""
    return distance * constant / _mean_side(gt_boxes)


def rfd_shift(distance: Tensor, gt_boxes: Tensor, kind: RFDKind) -> Tensor:
    """Return the equal shift of ``W^2`` (``wd``) or of the divergence (``kld``), which is 2 u^2."""
    if kind == "wd":
        return distance.sqrt() / _mean_side(gt_boxes)
    return (distance / 2).sqrt()


def simd_shift(distance: Tensor, m: float, n: float) -> Tensor:
    """Return the equal shift of SimD's sum: a shift by u is ``m u / 2`` along x, ``n u / 2`` y."""
    return distance * (2 / math.sqrt(m * n))


def _mean_side(boxes: Tensor) -> Tensor:
    """Return ``sqrt(w h)``, shape (...), in pixels."""
    width, height = sides(boxes)
    return (width * height).sqrt()
