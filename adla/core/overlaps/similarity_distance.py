"""SimD: how near two boxes are and how alike, in sizes of the boxes themselves."""

import torch
from torch import Tensor

from .distance_overlaps import center_offsets, check_positive, precise, root, sides


def simd(boxes1: Tensor, boxes2: Tensor, m: float, n: float) -> Tensor:
    r"""Return the similarity distance, ``exp(-(location + shape))``.

    ``location = |(m dx / (w1 + w2), n dy / (h1 + h2))|``, the length of a vector, and ``shape`` the
    same with the differences of the sides, ``dw`` and ``dh``, in the place of ``dx`` and ``dy``
    (Shi et al., arXiv 2407.02394). Where both boxes are flat in one direction the ratio is 0.

    Args:
        boxes1: Boxes of shape (..., 4), xyxy in pixels.
        boxes2: Boxes of a shape that broadcasts with it.
        m: Normalization along x, of the data set and the priors, above 0.
        n: Normalization along y, likewise.

    Returns:
        SimD of the broadcast shape (...), in [0, 1]; 1 for identical boxes.

    Raises:
        ValueError: If m or n is not a positive number.

    Example:
        >>> round(simd(torch.tensor([0, 0, 2, 2]), torch.tensor([3, 4, 5, 6]), m=1, n=1).item(), 4)
        0.2865
    """
    return torch.exp(-simd_distance(boxes1, boxes2, m, n))


def simd_distance(boxes1: Tensor, boxes2: Tensor, m: float, n: float) -> Tensor:
    """Return ``location + shape``, shape (...), at least 0; arguments as of :func:`simd`."""
    check_similarity_scales(m, n)
    boxes1, boxes2 = precise(boxes1, boxes2)
    (w1, h1), (w2, h2) = sides(boxes1), sides(boxes2)
    dx, dy = center_offsets(boxes1, boxes2)
    along_x, along_y = _inverse(w1 + w2) * m, _inverse(h1 + h2) * n
    location = root((dx * along_x) ** 2 + (dy * along_y) ** 2)
    shape = root(((w1 - w2) * along_x) ** 2 + ((h1 - h2) * along_y) ** 2)
    return location + shape


def check_similarity_scales(m: float | None, n: float | None) -> None:
    """Refuse a normalization of SimD that is not two positive, finite numbers."""
    for name, value, axis in (("m", m, "x"), ("n", n, "y")):
        check_positive(
            value,
            f"{name}, the normalization of SimD along {axis} "
            "(tools/analysis/similarity_scales.py CONFIG),",
        )


def _inverse(lengths: Tensor) -> Tensor:
    """Return one over the lengths, 0 for a length of 0."""
    return 1 / lengths.masked_fill(lengths <= 0, torch.inf)
