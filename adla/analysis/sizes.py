"""How large objects are: percentiles, the bins of AI-TOD, and the scale S of a data set."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy import ndarray

from adla.core import SIZE_BINS, size_bin_indices

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
