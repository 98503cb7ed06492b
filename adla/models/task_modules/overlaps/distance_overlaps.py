"""CIoU, DIoU and DotD as mmdet's overlap calculators."""

from mmdet.registry import TASK_UTILS
from torch import Tensor

from adla.core import ciou, diou, dotd
from adla.core.overlaps import check_scale, dotd_distance, dotd_shift
from adla.core.ranked import Ranges, dotd_bounds

from .measure_overlaps import DistanceOverlaps2D, MeasureOverlaps2D


@TASK_UTILS.register_module()
class CIoUOverlaps2D(MeasureOverlaps2D):
    """Complete IoU: IoU less the distance of the centers and the difference of the shapes."""

    def measure(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.ciou`."""
        return ciou(boxes1, boxes2)


@TASK_UTILS.register_module()
class DIoUOverlaps2D(MeasureOverlaps2D):
    """Distance IoU: IoU less the distance of the centers."""

    def measure(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.diou`."""
        return diou(boxes1, boxes2)


@TASK_UTILS.register_module()
class DotDOverlaps2D(DistanceOverlaps2D):
    """Dot distance: how near the centers are, seen in sizes of the data set's mean object.

    Args:
        scale: S, the mean object size in network pixels (Eq. 6), above 0.

    Raises:
        ValueError: If the scale is not a positive number.
    """

    def __init__(self, scale: float) -> None:
        check_scale(scale)
        self.scale = scale

    def measure(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.dotd`."""
        return dotd(boxes1, boxes2, self.scale)

    def distance(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.overlaps.dotd_distance`."""
        return dotd_distance(boxes1, boxes2, self.scale)

    def equal_shift(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return :func:`adla.core.overlaps.dotd_shift`."""
        return dotd_shift(distance, gt_boxes, self.scale)

    def distance_bounds(self, gts: Tensor, groups: Ranges) -> tuple[Tensor, Tensor]:
        """Return :func:`adla.core.ranked.dotd_bounds`."""
        return dotd_bounds(gts, groups, self.scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(scale={self.scale})"
