"""Overlap calculators on the scale of the IoU, for thresholds that were made for the IoU."""

from typing import Any, Literal

from mmdet.registry import TASK_UTILS
from torch import Tensor

from adla.core.overlaps import iou_of_shift

from .measure_overlaps import DistanceOverlaps2D

Calibration = Literal["iou_shift"] | None


class IoUShiftOverlaps2D:
    """A calculator in its form on the scale of IoU.

    Args:
        calculator: The calculator.
    """

    def __init__(self, calculator: DistanceOverlaps2D) -> None:
        self.calculator = calculator
        self.distance_bounds = calculator.distance_bounds

    def __call__(self, gt_boxes: Tensor, boxes: Tensor) -> Tensor:
        """Return the values (..., M, N) of ground truths (..., M, 4) and boxes (..., N, 4)."""
        return self.calculator(gt_boxes, boxes, mode="iou_shift")

    def value_of(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return the values of distances (...) to ground truths (..., 4)."""
        return iou_of_shift(self.calculator.equal_shift(distance, gt_boxes))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.calculator})"


def build_measure(iou_calculator: dict | None, calibration: Calibration) -> Any:
    """Build the measure that takes the place of the IoU in an assignment.

    Args:
        iou_calculator: Config of an overlap calculator, or None.
        calibration: ``iou_shift`` or None.

    Returns:
        What takes ground truths (m, 4) and boxes (N, 4) and returns (m, N); None for the IoU.

    Raises:
        ValueError: If the calibration is another, or the calculator has none.
    """
    if calibration not in (None, "iou_shift"):
        raise ValueError(f"calibration must be None or 'iou_shift', but got {calibration!r}")
    calculator = None if iou_calculator is None else TASK_UTILS.build(iou_calculator)
    if calibration is None:
        return calculator
    if not isinstance(calculator, DistanceOverlaps2D):
        given = "no iou_calculator" if calculator is None else type(calculator).__name__
        raise ValueError(
            "calibration='iou_shift' is for an iou_calculator that falls with a distance (NWD, "
            f"RFD, DotD, SimD), but got {given}: leave calibration=None with IoU, DIoU and CIoU"
        )
    return IoUShiftOverlaps2D(calculator)
