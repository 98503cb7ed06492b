"""Overlaps of boxes seen as Gaussians: NWD, and RFD by Wasserstein distance and by KLD.

A box stands for the Gaussian about its center whose standard deviations are half its sides, along
x and y. Boxes of shapes (..., 4) broadcast; values come in float32, or in float64 where an input is
float64. Nowhere are they 0, except by underflow.
"""

from typing import Literal, get_args

import torch
from torch import Tensor

from .distance_overlaps import center_offsets, check_positive, precise, root, sides

RFDKind = Literal["kld", "wd"]


def nwd(boxes1: Tensor, boxes2: Tensor, constant: float) -> Tensor:
    r"""Return the normalized Gaussian Wasserstein distance, ``exp(-W / C)``.

    ``W^2 = dx^2 + dy^2 + (dw^2 + dh^2) / 4``: distance of the centers and of the half sides (Xu et
    al., arXiv 2110.13389).

    Args:
        boxes1: Boxes of shape (..., 4), xyxy in pixels.
        boxes2: Boxes of a shape that broadcasts with it.
        constant: C, the mean object size in the same pixels as the boxes, above 0.

    Returns:
        NWD of the broadcast shape (...), in [0, 1]; 1 for identical boxes, with gradient 0.

    Raises:
        ValueError: If the constant is not a positive number.

    Example:
        >>> round(nwd(torch.tensor([0, 0, 2, 2]), torch.tensor([3, 4, 5, 6]), constant=5).item(), 4)
        0.3679
    """
    return torch.exp(-nwd_distance(boxes1, boxes2, constant))


def nwd_distance(boxes1: Tensor, boxes2: Tensor, constant: float) -> Tensor:
    """Return ``W / C``, shape (...), at least 0; arguments as of :func:`nwd`."""
    check_nwd_constant(constant)
    return root(squared_wasserstein(boxes1, boxes2)) / constant


def rfd(gt_boxes: Tensor, fields: Tensor, kind: RFDKind = "kld") -> Tensor:
    r"""Return the receptive field distance, ``1 / (1 + D)``: larger is better.

    D is ``W^2`` (``wd``) or the Kullback-Leibler divergence of the field from the ground truth
    (``kld``), ``KL(field || gt)``: with the ratio r of field side to ground-truth side and the
    offset d of the centers, the sum over x and y of ``(r^2 + (2 d / gt side)^2 - 1) / 2 - ln r``
    (RFLA, arXiv 2208.08738). A box without width or height has an RFD of 0 by ``kld``.

    Args:
        gt_boxes: Ground truths of shape (..., 4), xyxy in pixels.
        fields: Effective receptive fields of a shape that broadcasts with it; half the side of
            one is the radius of the field.
        kind: ``kld``, which is not symmetric but the same at every scale, or ``wd``.

    Returns:
        RFD of the broadcast shape (...), in [0, 1]; 1 for identical boxes.

    Raises:
        ValueError: If the kind is another.

    Example:
        >>> round(rfd(torch.tensor([0, 0, 2, 2]), torch.tensor([3, 4, 5, 6]), "wd").item(), 4)
        0.0385
    """
    return 1 / (1 + rfd_distance(gt_boxes, fields, kind))


def rfd_distance(gt_boxes: Tensor, fields: Tensor, kind: RFDKind = "kld") -> Tensor:
    """Return D, shape (...), at least 0; arguments as of :func:`rfd`."""
    check_rfd_kind(kind)
    distance = squared_wasserstein if kind == "wd" else _divergence
    return distance(gt_boxes, fields)


def squared_wasserstein(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Return W^2, the squared Wasserstein distance of the Gaussians, in square pixels."""
    boxes1, boxes2 = precise(boxes1, boxes2)
    dx, dy = center_offsets(boxes1, boxes2)
    (w1, h1), (w2, h2) = sides(boxes1), sides(boxes2)
    return dx**2 + dy**2 + ((w1 - w2) ** 2 + (h1 - h2) ** 2) / 4


def check_nwd_constant(constant: float | None) -> None:
    """Refuse a constant C of NWD that is not a positive, finite number."""
    check_positive(constant, "constant, the C of NWD (mean object size in network pixels),")


def check_rfd_kind(kind: str) -> None:
    """Refuse a kind of RFD that there is not."""
    if kind not in get_args(RFDKind):
        raise ValueError(f"kind of RFD must be 'kld' or 'wd', but got {kind!r}")


def _divergence(gt_boxes: Tensor, fields: Tensor) -> Tensor:
    """Return KL(field || gt), at least 0; infinite where a box has no width or height."""
    gt_boxes, fields = precise(gt_boxes, fields)
    total = torch.zeros((), dtype=gt_boxes.dtype, device=gt_boxes.device)
    offsets, field_sides = center_offsets(gt_boxes, fields), sides(fields)
    for gt_side, field_side, offset in zip(sides(gt_boxes), field_sides, offsets, strict=True):
        ratio = field_side / gt_side
        total = total + (ratio**2 - 1 + (2 * offset / gt_side) ** 2) / 2 - ratio.log()
    flat = [side <= 0 for side in (*sides(gt_boxes), *field_sides)]
    empty = flat[0] | flat[1] | flat[2] | flat[3]
    # Rounding can leave a trace below 0 where the boxes are the same.
    return total.clamp(min=0).masked_fill(empty, torch.inf)
