"""What YOLOv5's head is to learn."""

from typing import NamedTuple

import torch
from mmdet.structures.bbox import get_box_tensor
from mmdet.utils import InstanceList, OptInstanceList
from torch import Tensor

from .batched_targets import in_ignored_region


class Objects(NamedTuple):
    """The G objects of a batch.

    Attributes:
        images: Shape (G,), the image of each.
        boxes: Shape (G, 4), xyxy in pixels.
        labels: Shape (G,), the class of each.
    """

    images: Tensor
    boxes: Tensor
    labels: Tensor


def join_objects(batch_gt_instances: InstanceList) -> Objects:
    """Return the objects of all images, image by image."""
    labels = torch.cat([gts.labels for gts in batch_gt_instances])
    counts = labels.new_tensor([len(gts) for gts in batch_gt_instances])
    return Objects(
        torch.arange(len(counts), device=counts.device).repeat_interleave(counts),
        torch.cat([get_box_tensor(gts.bboxes) for gts in batch_gt_instances]),
        labels,
    )


def objectness(level: Tensor, place: tuple[Tensor, ...], overlaps: Tensor) -> Tensor:
    """Return the wanted objectness of a level, the largest overlap of those matched at a place.

    Args:
        level: Logits (B, A, H, W, C).
        place: Image, anchor, row and column of M pairs, each (M,).
        overlaps: Overlaps (M,) of the pairs; below 0 counts as 0.

    Returns:
        Targets (B, A, H, W), 0 where nothing is matched.
    """
    target = level.new_zeros(level.shape[:4])
    _, anchors, rows, columns = target.shape
    image, anchor, row, column = place
    flat = ((image * anchors + anchor) * rows + row) * columns + column
    overlaps = overlaps.clamp(min=0).to(target)
    return target.view(-1).scatter_reduce(0, flat, overlaps, "amax").view_as(target)


def background(target: Tensor, stride: int, crowds: OptInstanceList) -> Tensor | None:
    """Return the weight of each place: 0 for background in a crowd, else 1; None if there is none.

    Args:
        target: Wanted objectness (B, A, H, W).
        stride: Stride of the level in pixels.
        crowds: Boxes to be ignored of B images, each of them or all None.
    """
    rows, columns = target.shape[2:]
    y = (torch.arange(rows, device=target.device) + 0.5) * stride
    x = (torch.arange(columns, device=target.device) + 0.5) * stride
    points = torch.cartesian_prod(y, x).flip(1)
    ignored = in_ignored_region(torch.cat([points, points], dim=1), crowds)
    if ignored is None:
        return None
    free = ~ignored.view(len(target), 1, rows, columns)
    return ((target > 0) | free).to(target)
