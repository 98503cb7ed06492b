"""What OSCAR learns: pseudo boxes for targets of every scale, and normalized contrast."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmdet.structures import SampleList
from torch import Tensor


class LevelTargets(NamedTuple):
    """What each point (N,) of a level shall predict; boxes are zero where it is background."""

    labels: Tensor  # (N,), num_classes for background
    boxes: Tensor  # (N, 4), the ground truth
    pseudo_boxes: Tensor  # (N, 4), what stood for it in the assignment


def pseudo_boxes(boxes: Tensor, side: float) -> Tensor:
    """Replace each box of at most ``side * side`` pixels by a square of that side on its center.

    Args:
        boxes: Ground truths (M, 4), xyxy in pixels.
        side: Side of the square in pixels.
    """
    sizes = boxes[:, 2:] - boxes[:, :2]
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    squares = torch.cat([centers - side / 2, centers + side / 2], 1)
    return torch.where(sizes.prod(1, keepdim=True) > side * side, boxes, squares)


def assign_points(
    points: Tensor,
    boxes: Tensor,
    labels: Tensor,
    side: float,
    background: int,
    open_border: bool = False,
) -> LevelTargets:
    """Give each point of one level the ground truth whose pseudo box holds it.

    Of several it takes the one with the smallest ground truth, on a tie the first. A pseudo box
    holds its left and upper border and not the others, so a square as wide as the grid of points
    holds exactly one of them wherever it lies, unless `open_border`.

    Args:
        points: Points (N, 2), x and y in pixels.
        boxes: Ground truths (M, 4), xyxy.
        labels: Their classes (M,).
        side: Side of the pseudo box of a small ground truth, in pixels.
        background: Label of the points that no pseudo box holds.
        open_border: Whether a pseudo box holds none of its borders, as in the authors' program. A
            square that lies on the grid then holds no point.
    """
    if not len(boxes):
        nothing = points.new_zeros(len(points), 4)
        return LevelTargets(labels.new_full((len(points),), background), nothing, nothing)
    pseudo = pseudo_boxes(boxes, side)
    place = points[:, None]
    beyond = place > pseudo[:, :2] if open_border else place >= pseudo[:, :2]
    inside = beyond & (place < pseudo[:, 2:])
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    outside = ~inside.all(-1)
    smallest, chosen = areas.expand(outside.shape).masked_fill(outside, torch.inf).min(1)
    held = smallest.isfinite()
    return LevelTargets(
        labels[chosen].masked_fill(~held, background),
        boxes[chosen] * held[:, None],
        pseudo[chosen] * held[:, None],
    )


def noco_targets(samples: SampleList, size: tuple[int, int]) -> Tensor:
    """Return the NoCo map (B, 1, h, w) at the points of the refine level.

    Args:
        samples: Data samples with the map (1, H, W) of the padded image in ``gt_sem_seg``.
        size: Height and width of the refine level.

    Raises:
        ValueError: If a map is missing, or padded wrongly.
    """
    maps = []
    for sample in samples:
        if "gt_sem_seg" not in sample:
            raise ValueError(
                "OSCARHead learns the NoCo map, but a sample has none: put GenerateNoCoMap before "
                "Pad and PackDetInputs in the training pipeline"
            )
        noco, padded = sample.gt_sem_seg.sem_seg, sample.batch_input_shape
        if tuple(noco.shape[-2:]) != tuple(padded):
            raise ValueError(
                f"the NoCo map has {tuple(noco.shape[-2:])} pixels and the padded image {padded}: "
                "set pad_seg=True and seg_pad_value=0 in the data preprocessor"
            )
        maps.append(noco)
    batch = torch.stack(maps).float()
    if batch.max() > 1:
        raise ValueError(
            f"the NoCo map reaches {batch.max():g}, but NoCo is at most 1: pad it with 0, by "
            "pad_val=dict(seg=0) in Pad and seg_pad_value=0 in the data preprocessor"
        )
    return F.interpolate(batch, size, mode="nearest-exact")


def to_rows(maps: Tensor) -> Tensor:
    """Turn maps (B, C, H, W) into rows (B, H * W, C)."""
    return maps.flatten(2).transpose(1, 2)
