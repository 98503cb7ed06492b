"""Annotated areas that are not those of their boxes: they decide the size bin."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy import ndarray

from adla.size_bins import SIZE_BINS

#: How far an area may be from width times height, as a share of it, within the same size bin.
TOLERANCE = 1e-2
#: The share of its box that a mask fills at least; less is no area in square pixels.
LEAST_FILL = 1e-2


def has_other_area(areas: ndarray, boxes: ndarray, masks: ndarray) -> ndarray:
    """Say which areas, (M,), are not those of their objects.

    Args:
        areas: Shape (M,), as annotated; NaN where there is none.
        boxes: Shape (M, 4), xywh in pixels.
        masks: Shape (M,), whether there is a mask, whose area may be less than that of the box.
    """
    of_box = boxes[:, 2:].prod(axis=1)
    near = np.isclose(areas, of_box, rtol=TOLERANCE, atol=1e-6) & ~in_other_bin(areas, of_box)
    return ~np.where(masks, near | (areas >= LEAST_FILL * of_box), near)


def in_other_bin(areas: ndarray, others: ndarray) -> ndarray:
    """Say which areas, (M,), lie in no size bin of the others; one on a border lies in both bins.

    Args:
        areas: Shape (M,), in square pixels.
        others: Shape (M,), in square pixels.
    """
    borders = [upper for _, upper in SIZE_BINS.values()][:-1]
    lower, upper = np.minimum(areas, others), np.maximum(areas, others)
    return np.searchsorted(borders, lower, "right") < np.searchsorted(borders, upper, "left")


def describe_other_areas(annotations: Sequence[Mapping]) -> str | None:
    """Say how many areas of COCO annotations are not those of their objects, and name one.

    Args:
        annotations: As the file has them, checked; those without an area, and crowds, do not count.
    """
    counted = [ann for ann in annotations if "area" in ann and not ann.get("iscrowd")]
    areas = np.array([ann["area"] for ann in counted], np.float64)
    boxes = np.array([ann["bbox"] for ann in counted], np.float64).reshape(-1, 4)
    masks = np.array([bool(ann.get("segmentation")) for ann in counted], bool)
    other = has_other_area(areas, boxes, masks)
    if not other.any():
        return None
    of_box = boxes[:, 2:].prod(axis=1)
    moved = other & in_other_bin(areas, of_box)
    first = int((moved if moved.any() else other).argmax())
    return (
        f"{other.sum()} of {len(counted)} annotations have an area that is not width times height "
        "and not that of a mask; the area decides the size bin, and so "
        f"{moved.sum()} of them count in another bin than their box, such as annotation "
        f"{counted[first]['id']!r}: area {areas[first]:g}, width times height {of_box[first]:g}"
    )
