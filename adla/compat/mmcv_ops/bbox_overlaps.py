"""Overlaps of boxes, in plain torch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .checks import check_devices, check_floating
from .precision import widen

IOF_MODE = 1


def bbox_overlaps(
    bboxes1: Tensor, bboxes2: Tensor, ious: Tensor, mode: int, aligned: bool, offset: int
) -> None:
    """Find the overlap of each pair of boxes.

    Args:
        bboxes1: Boxes, xyxy in pixels, (M, 4).
        bboxes2: Boxes, (N, 4).
        ious: Takes the overlaps, (M, N), or (M,) of the boxes of the same index where `aligned`.
        mode: 0: intersection over union; 1: over the area of the first box.
        aligned: Whether to pair boxes of the same index only.
        offset: 1 where a box's last pixel belongs to it, else 0.

    Raises:
        ValueError: Several devices, or a type that is not of floating point.
    """
    check_floating(bboxes1=bboxes1, bboxes2=bboxes2, ious=ious)
    check_devices(bboxes1=bboxes1, bboxes2=bboxes2, ious=ious)
    first, second = widen(bboxes1, bboxes2)
    first = first if aligned else first[:, None]
    corner = torch.maximum(first[..., :2], second[..., :2])
    size = torch.minimum(first[..., 2:], second[..., 2:]) - corner + offset
    inner = size.clamp(min=0).prod(-1)
    area1, area2 = (
        (boxes[..., 2:] - boxes[..., :2] + offset).prod(-1) for boxes in (first, second)
    )
    whole = area1 if mode == IOF_MODE else area1 + area2 - inner
    ious.copy_(inner / whole.clamp(min=offset))


FUNCTIONS: dict[str, Callable[..., Any]] = {"bbox_overlaps": bbox_overlaps}
