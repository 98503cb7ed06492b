"""What one slice found twice: nested boxes, which NMS by IoU lets pass where objects are tiny."""

from itertools import pairwise

import numpy as np
from numpy import ndarray
from sahi.postprocess.combine import batched_nms

from adla.evaluation.box_arrays import Detections


def suppress_nested(
    found: Detections, slice_ids: ndarray, threshold: float
) -> tuple[Detections, ndarray]:
    """Apply SAHI's NMS to each slice and class, with the overlap taken over the smaller box.

    A box of 4 px in one of 8 px has an IoU of 0.25, so a detector's own NMS keeps both.

    Args:
        found: What the slices found.
        slice_ids: Slice of each detection, shape (N,), ascending.
        threshold: Overlap from which the box with the lower score goes, in (0, 1]; 0: all stay.

    Returns:
        What stays, and its slices, in the same order.
    """
    if threshold == 0:
        return found, slice_ids
    table = np.column_stack([found.corners, found.scores, found.labels])
    bounds = np.searchsorted(slice_ids, [*np.unique(slice_ids), np.inf])
    keep = [np.zeros(0, np.int64)]
    for start, stop in pairwise(bounds):
        keep.append(start + np.sort(batched_nms(table[start:stop], "IOS", threshold)))
    keep = np.concatenate(keep)
    return found.select(keep), slice_ids[keep]
