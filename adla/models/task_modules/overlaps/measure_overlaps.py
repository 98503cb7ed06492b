"""The interface of mmdet's overlap calculators around any measure of two boxes."""

import torch
from mmdet.models.task_modules.assigners import BboxOverlaps2D
from mmdet.structures.bbox import BaseBoxes, get_box_tensor
from torch import Tensor

from adla.core.overlaps import iou_of_shift
from adla.core.ranked import Ranges


class MeasureOverlaps2D:
    """An overlap measure in the place of ``BboxOverlaps2D``.

    Values are in [0, 1]: a negative one counts as 0, because stock assigners leave a prior whose
    best overlap is negative out of the training instead of calling it background. A box that is
    not finite or lacks width or height overlaps nothing. For the measures themselves, with their
    negative values and gradients, see :mod:`adla.core`.
    """

    def __call__(
        self,
        bboxes1: Tensor | BaseBoxes,
        bboxes2: Tensor | BaseBoxes,
        mode: str = "iou",
        is_aligned: bool = False,
    ) -> Tensor:
        """Compare every box of one set with every box of the other, or row with row.

        Args:
            bboxes1: Boxes of shape (..., M, 4), xyxy in pixels, or (..., M, 5) with a score.
            bboxes2: Boxes of shape (..., N, 4) or (..., N, 5), likewise.
            mode: ``iou`` for the measure; ``iof`` for the plain intersection over the area of the
                first box, which stock assigners ask for on ignore regions; ``iou_shift`` for the
                measure on the scale of IoU, see :class:`DistanceOverlaps2D`.
            is_aligned: Whether to compare row with row; M and N must then be equal.

        Returns:
            Shape (..., M, N), or (..., M) if aligned; float32, or float64 for float64 boxes.

        Raises:
            ValueError: If the mode is another, or aligned sets differ in shape.
        """
        boxes1, boxes2 = _box_tensor(bboxes1), _box_tensor(bboxes2)
        if is_aligned and boxes1.shape != boxes2.shape:
            raise ValueError(
                "aligned boxes must have the same shape, but got "
                f"{tuple(boxes1.shape)} and {tuple(boxes2.shape)}"
            )
        if mode == "iof":
            return BboxOverlaps2D()(boxes1, boxes2, mode, is_aligned)
        measures = {"iou": self.measure, "iou_shift": getattr(self, "calibrated", None)}
        measure = measures.get(mode)
        if measure is None:
            raise ValueError(f"mode must be 'iou' or 'iof', but got {mode!r}")
        if not is_aligned:
            boxes1, boxes2 = boxes1[..., :, None, :], boxes2[..., None, :, :]
        both = _is_box(boxes1) & _is_box(boxes2)
        overlaps = measure(boxes1, boxes2).clamp(min=0)
        return overlaps.masked_fill(~both | overlaps.isnan(), 0)

    def measure(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return the measure of boxes whose shapes (..., 4) broadcast."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class DistanceOverlaps2D(MeasureOverlaps2D):
    """A measure that falls with a distance D of ground truths, the first set, and other boxes.

    So it has a second form, ``mode="iou_shift"``, on the scale of IoU: ``exp(-2 u)`` with u the
    shift of the ground truth, in its sides, that is as far as D (:mod:`adla.core.overlaps`).
    """

    def distance(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return D, at least 0, of boxes whose shapes (..., 4) broadcast."""
        raise NotImplementedError

    def distance_bounds(self, gts: Tensor, groups: Ranges) -> tuple[Tensor, Tensor]:
        """Return the least and the greatest D, see :class:`adla.core.ranked.BoundedMeasure`."""
        raise NotImplementedError

    def equal_shift(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return u of distances (...) to ground truths whose shape (..., 4) broadcasts."""
        raise NotImplementedError

    def value_of(self, distance: Tensor, gt_boxes: Tensor) -> Tensor:
        """Return the measure of distances (...) to ground truths (..., 4): ``exp(-D)``."""
        return torch.exp(-distance)

    def calibrated(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return the measure on the scale of IoU of boxes whose shapes (..., 4) broadcast."""
        return iou_of_shift(self.equal_shift(self.distance(boxes1, boxes2), boxes1))


def _box_tensor(bboxes: Tensor | BaseBoxes) -> Tensor:
    """Return boxes of shape (..., 4), in float32 at least; any empty tensor will do for none."""
    boxes = get_box_tensor(bboxes)
    if not boxes.numel() and boxes.size(-1) not in (4, 5):
        boxes = boxes.new_zeros(0, 4)
    if boxes.size(-1) not in (4, 5):
        raise ValueError(f"boxes must have 4 or 5 columns, but have shape {tuple(boxes.shape)}")
    boxes = boxes[..., :4]
    return boxes if boxes.is_floating_point() and boxes.element_size() > 2 else boxes.float()


def _is_box(boxes: Tensor) -> Tensor:
    """Return which boxes, shape (...), are finite and have width and height."""
    sides = boxes[..., 2:] - boxes[..., :2]
    return (sides.isfinite() & (sides > 0)).all(dim=-1)
