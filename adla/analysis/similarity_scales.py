"""The normalisation of SimD: what the pairs of a training look like on average."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy import ndarray

from .priors import Priors


class SimilarityScales(NamedTuple):
    """Means over all pairs of ground truth and anchor of one image, over all images.

    Attributes:
        m: Mean of ``|dx| / (w_gt + w_anchor)``, with dx the offset of the centres.
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
        centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        for level in priors.levels:
            cells = level.cells(extent).astype(int)
            for anchor in level.anchors:
                middle, size = (anchor[:2] + anchor[2:]) / 2, anchor[2:] - anchor[:2]
                for axis in (0, 1):
                    grid = middle[axis] + level.stride[axis] * np.arange(cells[axis])
                    offsets = np.abs(centres[:, axis, None] - grid).sum(axis=1)
                    ratios = offsets / (sides[:, axis] + size[axis])
                    total[axis] += ratios.sum() * cells[1 - axis]
                pairs += len(boxes) * int(cells.prod())
    if not pairs:
        raise ValueError("the data set has no object: m and n of SimD are not defined")
    m, n = (total / pairs).tolist()
    return SimilarityScales(m, n, pairs)
