"""How large objects are: percentiles, AI-TOD's bins, S of DotD and MSLA, m and n of SimD."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy import ndarray

from adla.core import SIZE_BINS, size_bin_indices

from .priors import Priors

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


@dataclass
class Sizes:
    """Object sizes sqrt(w * h) in pixels; NaN where there is no object.

    Attributes:
        count: Number of objects.
        mean: Mean size.
        scale: S, the square root of the mean area, Eq. 6 of the MSLA paper.
        percentiles: Percentile, with 0 the smallest and 100 the largest, -> size.
        bins: Name of an AI-TOD size bin -> number of objects.
    """

    count: int
    mean: float
    scale: float
    percentiles: dict[int, float]
    bins: dict[str, int]


def box_sizes(boxes: ndarray) -> ndarray:
    """Return sqrt(w * h) in pixels, shape (M,), of boxes (M, 4), xywh."""
    return np.sqrt(boxes[:, 2:].prod(axis=1))


def measure_sizes(boxes: ndarray) -> Sizes:
    """Measure boxes of shape (M, 4), xywh in pixels, with positive sides."""
    sizes, points = box_sizes(boxes), (0, *PERCENTILES, 100)
    values = np.percentile(sizes, points) if len(sizes) else np.full(len(points), np.nan)
    corners = torch.from_numpy(np.concatenate([np.zeros_like(boxes[:, 2:]), boxes[:, 2:]], axis=1))
    bins = size_bin_indices(corners).bincount(minlength=len(SIZE_BINS))
    return Sizes(
        count=len(sizes),
        mean=float(sizes.mean()) if len(sizes) else np.nan,
        scale=float(np.sqrt(np.mean(sizes**2))) if len(sizes) else np.nan,
        percentiles=dict(zip(points, values.tolist(), strict=True)),
        bins=dict(zip(SIZE_BINS, bins.tolist(), strict=True)),
    )


class SimilarityScales(NamedTuple):
    """Means over all pairs of ground truth and anchor of one image, over all images.

    Attributes:
        m: Mean of ``|dx| / (w_gt + w_anchor)``, with dx the offset of the centers.
        n: Mean of ``|dy| / (h_gt + h_anchor)``, likewise.
        pairs: How many pairs there were.
    """

    m: float
    n: float
    pairs: int


def similarity_scales(
    images: Iterable[tuple[ndarray, ndarray]], priors: Priors
) -> SimilarityScales:
    """Measure m and n of SimD (arXiv 2407.02394) on images as the network gets them.

    Anchors of one kind stand in columns and rows of a grid, so all pairs are measured by columns
    for m and by rows for n.

    Args:
        images: Ground truths of shape (K, 4), xyxy in network pixels, and width and height, shape
            (2,), of each image.
        priors: The anchors of the head.

    Raises:
        ValueError: If the priors are points, or there is no ground truth.
    """
    if not priors.has_anchors:
        raise ValueError(f"SimD compares boxes with anchors, but {priors.head} has points")
    total, pairs = np.zeros(2), 0
    for boxes, extent in images:
        if not len(boxes):
            continue
        centers, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        for level in priors.levels:
            cells = level.cells(extent).astype(int)
            for anchor in level.anchors if level.anchors is not None else ():
                middle, size = (anchor[:2] + anchor[2:]) / 2, anchor[2:] - anchor[:2]
                for axis in (0, 1):
                    grid = middle[axis] + level.stride[axis] * np.arange(cells[axis])
                    offsets = np.abs(centers[:, axis, None] - grid).sum(axis=1)
                    ratios = offsets / (sides[:, axis] + size[axis])
                    total[axis] += ratios.sum() * cells[1 - axis]
                pairs += len(boxes) * int(cells.prod())
    if not pairs:
        raise ValueError("the data set has no object: m and n of SimD are not defined")
    m, n = (total / pairs).tolist()
    return SimilarityScales(m, n, pairs)
