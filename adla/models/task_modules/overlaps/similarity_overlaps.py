"""SimD as one of mmdet's overlap calculators."""

from mmdet.registry import TASK_UTILS
from torch import Tensor

from adla.core import simd
from adla.core.overlaps import check_similarity_scales, simd_distance, simd_shift
from adla.core.ranked import Ranges, simd_bounds

from .measure_overlaps import DistanceOverlaps2D


@TASK_UTILS.register_module()
class SimDOverlaps2D(DistanceOverlaps2D):
    """Similarity distance: location and shape, both in sizes of the boxes.

    Args:
        m: Normalization along x, of the data set and the priors, above 0;
            ``tools/analysis/similarity_scales.py CONFIG`` measures both.
        n: Normalization along y, likewise.

    Raises:
        ValueError: If m or n is not a positive number.
    """

    def __init__(self, m: float, n: float) -> None:
        check_similarity_scales(m, n)
        self.m, self.n = m, n

    def measure(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.simd`."""
        return simd(boxes1, boxes2, self.m, self.n)

    def distance(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.overlaps.simd_distance`."""
        return simd_distance(boxes1, boxes2, self.m, self.n)

    def equal_shift(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return :func:`adla.core.overlaps.simd_shift`."""
        return simd_shift(distance, self.m, self.n)

    def distance_bounds(self, gts: Tensor, groups: Ranges) -> tuple[Tensor, Tensor]:
        """Return :func:`adla.core.ranked.simd_bounds`."""
        return simd_bounds(gts, groups, self.m, self.n)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(m={self.m}, n={self.n})"
