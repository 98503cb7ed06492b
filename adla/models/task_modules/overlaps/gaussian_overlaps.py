"""NWD and RFD as mmdet's overlap calculators."""

from mmdet.registry import TASK_UTILS
from torch import Tensor

from adla.core import nwd, rfd
from adla.core.overlaps import (
    RFDKind,
    check_nwd_constant,
    check_rfd_kind,
    nwd_distance,
    nwd_shift,
    rfd_distance,
    rfd_shift,
)
from adla.core.ranked import Ranges, nwd_bounds, rfd_bounds

from .measure_overlaps import DistanceOverlaps2D


@TASK_UTILS.register_module()
class NWDOverlaps2D(DistanceOverlaps2D):
    """Normalized Gaussian Wasserstein distance.

    Args:
        constant: C, the mean object size in network pixels, above 0.

    Raises:
        ValueError: If the constant is not a positive number.
    """

    def __init__(self, constant: float) -> None:
        check_nwd_constant(constant)
        self.constant = constant

    def measure(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.nwd`."""
        return nwd(boxes1, boxes2, self.constant)

    def distance(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.overlaps.nwd_distance`."""
        return nwd_distance(boxes1, boxes2, self.constant)

    def equal_shift(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return :func:`adla.core.overlaps.nwd_shift`."""
        return nwd_shift(distance, gt_boxes, self.constant)

    def distance_bounds(self, gts: Tensor, groups: Ranges) -> tuple[Tensor, Tensor]:
        """Return :func:`adla.core.ranked.nwd_bounds`."""
        return nwd_bounds(gts, groups, self.constant)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(constant={self.constant})"


@TASK_UTILS.register_module()
class RFDOverlaps2D(DistanceOverlaps2D):
    """Receptive field distance of ground truths, the first set, and fields, the second.

    Args:
        kind: ``kld`` for the Kullback-Leibler divergence, ``wd`` for the Wasserstein distance.

    Raises:
        ValueError: If the kind is another.
    """

    def __init__(self, kind: RFDKind = "kld") -> None:
        check_rfd_kind(kind)
        self.kind = kind

    def measure(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.rfd`."""
        return rfd(boxes1, boxes2, self.kind)

    def distance(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return :func:`adla.core.overlaps.rfd_distance`."""
        return rfd_distance(boxes1, boxes2, self.kind)

    def equal_shift(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return :func:`adla.core.overlaps.rfd_shift`."""
        return rfd_shift(distance, gt_boxes, self.kind)

    def value_of(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return the measure of distances (...): ``1 / (1 + D)``."""
        return 1 / (1 + distance)

    def distance_bounds(self, gts: Tensor, groups: Ranges) -> tuple[Tensor, Tensor]:
        """Return :func:`adla.core.ranked.rfd_bounds`."""
        return rfd_bounds(gts, groups, self.kind)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kind={self.kind!r})"
