"""What one slice found twice: nested boxes, which NMS by IoU lets pass where objects are tiny."""

from itertools import pairwise

import numpy as np
from numpy import ndarray

from adla.evaluation.box_arrays import Detections, box_overlaps

from .same_object import SIZE_RATIO, alike

#: Rows of the matrix of overlaps that are held at once.
BLOCK = 512


def suppress_nested(
    found: Detections, slice_ids: ndarray, threshold: float, size_ratio: float = SIZE_RATIO
) -> tuple[Detections, ndarray]:
    """Apply NMS to each slice and class, with the overlap taken over the smaller box.

    A box of 4 px in one of 8 px has an IoU of 0.25, so a detector's own NMS keeps both.

    Args:
        found: What the slices found.
        slice_ids: Slice of each detection, shape (N,), ascending.
        threshold: Overlap from which the box with the lower score goes, in (0, 1]; 0: all stay.
        size_ratio: How much two boxes of one object can differ, see :func:`.same_object.alike`.

    Returns:
        What stays, and its slices, in the same order.
    """
    if threshold == 0:
        return found, slice_ids
    order = np.lexsort((-found.scores, found.labels, slice_ids))
    groups = np.column_stack([slice_ids, found.labels])[order]
    starts = np.flatnonzero(np.any(groups[1:] != groups[:-1], axis=1)) + 1
    keep, corners = np.zeros(len(found), bool), found.corners
    for start, stop in pairwise([0, *starts.tolist(), len(order)]):
        mine = order[start:stop]
        keep[mine] = _not_suppressed(corners[mine], threshold, size_ratio)
    return found.select(keep), slice_ids[keep]


def _not_suppressed(corners: ndarray, threshold: float, size_ratio: float) -> ndarray:
    """Say which boxes (N, 4), xyxy by descending score, no better box that stays suppresses."""
    keep = np.ones(len(corners), bool)
    for first in range(0, len(corners), BLOCK):
        rows, rest = corners[first : first + BLOCK, None], corners[None, first:]
        same = box_overlaps(rows, rest, "smaller") >= threshold
        same &= alike(rows, rest, size_ratio)
        for row, suppressed in enumerate(same):
            if keep[first + row]:
                keep[first + row + 1 :] &= ~suppressed[row + 1 :]
    return keep
