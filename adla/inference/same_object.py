"""Which of two overlapping boxes can be the same object."""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from adla.evaluation.box_arrays import box_overlaps

#: From this ratio of their sizes, sqrt(w * h), on two boxes are two objects.
SIZE_RATIO = 3.0


def alike(corners1: ndarray, corners2: ndarray, size_ratio: float) -> ndarray:
    """Say which pairs of boxes are of like size, so that they can be one object.

    The upright box of a large object holds what lies beside it: a boat beside a diagonal ship, a
    person on a van. By the overlap over the smaller box alone, the two would be one.

    Args:
        corners1: The one box of each pair, (..., 4), xyxy in pixels; shapes broadcast.
        corners2: The other.
        size_ratio: The larger ``sqrt(w * h)`` over the smaller up to which two boxes are alike, at
            least 1; 0: any two are.
    """
    area1, area2 = ((c[..., 2:] - c[..., :2]).prod(axis=-1) for c in (corners1, corners2))
    if size_ratio == 0:
        return np.ones(np.broadcast_shapes(area1.shape, area2.shape), bool)
    return np.maximum(area1, area2) <= size_ratio**2 * np.minimum(area1, area2)


@dataclass(frozen=True)
class PairRule:
    """Which detections of two slices are one object.

    Attributes:
        threshold: Overlap, in (0, 1], from which they are.
        metric: Overlap over the smaller box ('ios') or over the union ('iou'). Of two classes it is
            always the latter: what lies in the box of another class is another object.
        size_ratio: See :func:`alike`.
        by_class: Whether detections of two classes are never one object.
    """

    threshold: float
    metric: str
    size_ratio: float
    by_class: bool

    def same(self, first: ndarray, second: ndarray, iou: ndarray, differ: ndarray) -> ndarray:
        """Say which pairs are one object.

        Args:
            first: The one box of each pair, (..., 4), xyxy in pixels.
            second: The other.
            iou: Their IoU, (...).
            differ: Whether their labels differ, (...).
        """
        overlap = iou if self.metric == "iou" else box_overlaps(first, second, "smaller")
        of_two_classes = (iou >= self.threshold) & (not self.by_class)
        same = np.where(differ, of_two_classes, overlap >= self.threshold)
        return same & alike(first, second, self.size_ratio)

    def fits(self, corners: ndarray, cut: ndarray) -> bool:
        """Say whether a group can be one object by size; a cut box may be larger than it looks.

        Args:
            corners: Boxes (N, 4), xyxy in pixels.
            cut: Which of them their slice may have cut, (N,).
        """
        largest = corners[(corners[:, 2:] - corners[:, :2]).prod(axis=1).argmax()]
        return bool(alike(largest, corners[~cut], self.size_ratio).all())
