"""Which objects the anchors or points of a config can see."""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from adla.evaluation.box_arrays import box_overlaps

from .assigner_coverage import fixed_threshold, least_iou, lift_limit, reach_beyond
from .priors import Level, Priors
from .shape_anchors import misfits_by_shape

#: Bytes of each (prior, object) pair in mmdet's `bbox_overlaps`: 9 float32, as it documents.
BYTES_PER_PAIR = 9 * 4


@dataclass
class Matching:
    """How objects meet the priors; the counts are of objects.

    Attributes:
        no_point: Stride of a level -> how many contain no grid point of it.
        no_point_at_all: How many contain no grid point of any level.
        iou_median: Median IoU with the best anchor; None for points alone, as all that follow.
        t_pos_min: The least positive threshold of adaptive assignment.
        not_above_t_pos_min: Whose best anchor does not pass it before the predictions help.
        t_lift: The anchor IoU from which predictions can lift an object over ``t_pos_min``.
        below_t_lift: Whose best anchor never passes it.
        pos_iou_thr: The fixed threshold of the config's assigner, if it has one.
        below_pos_iou_thr: Whose best anchor does not reach it.
        matched: How many can get a positive at all.
        criterion: What an object needs for that, in words.
    """

    no_point: dict[str, int]
    no_point_at_all: int
    matched: int
    criterion: str
    iou_median: float | None = None
    t_pos_min: float | None = None
    not_above_t_pos_min: int | None = None
    t_lift: float | None = None
    below_t_lift: int | None = None
    pos_iou_thr: float | None = None
    below_pos_iou_thr: int | None = None

    def warnings(self, total: int) -> list[str]:
        """Return what to mend where a share of the objects, `total` in all, is not seen."""
        texts = []
        if self.matched < total:
            texts.append(
                f"{total - self.matched:,} of {total:,} objects get no positive, which takes "
                f"{self.criterion}: use smaller strides or anchors, or larger images"
            )
        if self.below_t_lift:
            texts.append(
                f"adaptive assignment cannot reach {self.below_t_lift:,} objects: with their best "
                f"anchor they have an IoU below {self.t_lift:.4f}"
            )
        if self.no_point_at_all and self.iou_median is not None:
            texts.append(
                f"{self.no_point_at_all:,} objects hold no anchor's center: an assigner that asks "
                "for one inside (ATSS, task-aligned) leaves them out"
            )
        return texts


def match(boxes: ndarray, canvases: ndarray, priors: Priors) -> Matching:
    """Match objects with priors.

    Args:
        boxes: Shape (M, 4), xyxy in network pixels.
        canvases: Shape (M, 2), width and height in network pixels of the image of each object.
        priors: The anchors or points.
    """
    no_point = {
        f"{level.stride[0]:g}": ~has_point(boxes, canvases, level) for level in priors.levels
    }
    blind = np.all([*no_point.values()], axis=0)
    result = Matching(
        {stride: int(which.sum()) for stride, which in no_point.items()},
        no_point_at_all=int(blind.sum()),
        matched=int((~blind).sum()),
        criterion="a grid point inside, unless the head reaches beyond the box",
    )
    beyond = reach_beyond(priors.assigner)
    if beyond is not None:
        result.matched, result.criterion = len(boxes), beyond
    if priors.ratio_thr:
        result.matched = len(boxes) - misfits_by_shape(boxes, priors)
        result.criterion = f"an anchor with sides less than {priors.ratio_thr:g} times apart"
    if priors.ratio_thr or not priors.has_anchors:
        return result
    iou = best_anchor_iou(boxes, canvases, priors)
    result.iou_median = float(np.median(iou)) if len(iou) else None
    result.t_pos_min = priors.assigner.get("t_pos_min", 0.1)
    result.not_above_t_pos_min = int((iou <= result.t_pos_min).sum())
    result.t_lift = lift_limit(priors.assigner)
    result.below_t_lift = int((iou < result.t_lift).sum())
    result.pos_iou_thr = fixed_threshold(priors.assigner)
    if result.pos_iou_thr is not None:
        result.below_pos_iou_thr = int((iou < result.pos_iou_thr).sum())
    needed = least_iou(priors.assigner)
    if needed is not None:
        result.matched = int(((iou >= needed[0]) & (iou > 0)).sum())
        result.criterion = needed[1]
    return result


def has_point(boxes: ndarray, canvases: ndarray, level: Level) -> ndarray:
    """Say which boxes (M, 4), xyxy, have a grid point strictly inside, on canvases (M, 2)."""
    cell = np.floor((boxes[:, :2] - level.point) / level.stride) + 1
    cell = np.maximum(cell, 0)
    inside = (cell * level.stride + level.point < boxes[:, 2:]) & (cell < level.cells(canvases))
    return inside.all(axis=1)


def best_anchor_iou(boxes: ndarray, canvases: ndarray, priors: Priors) -> ndarray:
    """Return the IoU, (M,), of each box with the best anchor of the whole grid.

    Anchors of one kind differ by their place alone, and x and y are apart: the one whose center is
    nearest overlaps most, so one cell per level and kind is looked at, not the grid.

    Args:
        boxes: Shape (M, 4), xyxy in pixels.
        canvases: Shape (M, 2), width and height in pixels.
        priors: The anchors.
    """
    best = np.zeros(len(boxes))
    for level in priors.levels:
        last = level.cells(canvases) - 1
        for anchor in level.anchors if level.anchors is not None else ():
            lower, upper = anchor[:2], anchor[2:]
            first, final = 0 * last, last
            if priors.allowed_border >= 0:
                border = priors.allowed_border
                first = np.maximum(first, np.ceil((-border - lower) / level.stride))
                final = np.minimum(last, np.ceil((canvases + border - upper) / level.stride) - 1)
            center = (boxes[:, :2] + boxes[:, 2:] - lower - upper) / 2
            cell = np.clip(np.round(center / level.stride), first, np.maximum(first, final))
            iou = box_overlaps(boxes, anchor + np.tile(cell * level.stride, 2))
            best = np.maximum(best, np.where((first <= final).all(axis=1), iou, 0))
    return best


def assigner_memory(num_priors: float, num_objects: int) -> float:
    """Return the gigabytes (1e9 bytes) that mmdet's stock assigners hold at their peak."""
    return num_priors * num_objects * BYTES_PER_PAIR / 1e9
