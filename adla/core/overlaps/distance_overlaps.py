"""Overlaps that also see how far two boxes are apart: DIoU, CIoU and DotD.

Every function takes boxes of broadcastable shapes (..., 4): ``ciou(a, b)`` compares row with row,
``ciou(a[:, None], b)`` every row with every row. All are symmetric, have gradients of any order in
both arguments, and compute in float32, or in float64 where an input is float64.
"""

import math

import torch
from torch import Tensor


def iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Return the intersection over union.

    Args:
        boxes1: Boxes of shape (..., 4), xyxy in pixels.
        boxes2: Boxes of a shape that broadcasts with it.

    Returns:
        IoU of the broadcast shape (...), in [0, 1]; exactly 0 where a box has no area.

    Example:
        >>> iou(torch.tensor([0, 0, 4, 4]), torch.tensor([0, 0, 4, 2])).item()
        0.5
    """
    boxes1, boxes2 = precise(boxes1, boxes2)
    return _iou(boxes1, boxes2)


def diou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    r"""Return the distance IoU, ``IoU - rho^2 / c^2``: one minus the loss of Eq. 1.

    With rho the distance of the centers and c the diagonal of the smallest enclosing box ("MLSA-
    YOLOV8", Eq. 1; arXiv 1911.08287).

    Args:
        boxes1: Boxes of shape (..., 4), xyxy in pixels.
        boxes2: Boxes of a shape that broadcasts with it.

    Returns:
        DIoU of the broadcast shape (...), in [-1, 1]; 1 for identical boxes that have an area.

    Example:
        >>> diou(torch.tensor([0, 0, 4, 4]), torch.tensor([0, 0, 4, 2])).item()
        0.46875
    """
    boxes1, boxes2 = precise(boxes1, boxes2)
    return _iou(boxes1, boxes2) - _center_penalty(boxes1, boxes2)


def ciou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    r"""Return the complete IoU, ``IoU - rho^2 / c^2 - alpha v``: one minus the loss of Eq. 2.

    ``v = 4 / pi^2 (atan(w1 / h1) - atan(w2 / h2))^2`` and ``alpha = v / (1 - IoU + v)`` ("MLSA-
    YOLOV8", Eq. 2 to 4; arXiv 1911.08287). alpha holds at every IoU, as printed; mmdet's
    ``CIoULoss`` drops it below an IoU of 0.5. Alpha is a weight: no gradient runs through it.

    Args:
        boxes1: Boxes of shape (..., 4), xyxy in pixels.
        boxes2: Boxes of a shape that broadcasts with it.

    Returns:
        CIoU of the broadcast shape (...), in (-2, 1]; 1 for identical boxes that have an area.

    Example:
        >>> round(ciou(torch.tensor([0, 0, 4, 4]), torch.tensor([0, 0, 4, 2])).item(), 4)
        0.4655
    """
    boxes1, boxes2 = precise(boxes1, boxes2)
    overlap = _iou(boxes1, boxes2)
    v = 4 / math.pi**2 * (_shape_angle(boxes1) - _shape_angle(boxes2)) ** 2
    with torch.no_grad():
        total = 1 - overlap + v
        alpha = v / total.masked_fill(total <= 0, 1)
    return overlap - _center_penalty(boxes1, boxes2) - alpha * v


def dotd(boxes1: Tensor, boxes2: Tensor, scale: float) -> Tensor:
    r"""Return the dot distance, ``exp(-rho / S)``: one minus the loss of Eq. 5.

    rho is the distance of the centers. Width and height do not count, so that it can rank boxes
    and weigh them, but not teach their size. The gradient at distance 0 is 0.

    Args:
        boxes1: Boxes of shape (..., 4), xyxy in pixels.
        boxes2: Boxes of a shape that broadcasts with it.
        scale: S, the mean size of the objects in the same pixels as the boxes (Eq. 6), above 0.

    Returns:
        DotD of the broadcast shape (...), in [0, 1].

    Raises:
        ValueError: If the scale is not a positive number.

    Example:
        >>> round(dotd(torch.tensor([0, 0, 2, 2]), torch.tensor([3, 4, 5, 6]), scale=5).item(), 4)
        0.3679
    """
    return torch.exp(-dotd_distance(boxes1, boxes2, scale))


def dotd_distance(boxes1: Tensor, boxes2: Tensor, scale: float) -> Tensor:
    """Return ``rho / S``, shape (...), at least 0; arguments as of :func:`dotd`."""
    check_scale(scale)
    dx, dy = center_offsets(*precise(boxes1, boxes2))
    return root(dx**2 + dy**2) / scale


def check_scale(scale: float | None) -> None:
    """Refuse a scale S of the dot distance that is not a positive, finite number."""
    check_positive(
        scale, "scale, the S of the dot distance (mean object size in network pixels, Eq. 6),"
    )


def check_positive(value: float | None, name: str) -> None:
    """Refuse a constant of a measure, with its meaning as name, that is no number above 0."""
    if not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a number above 0, but got {value!r}")


def precise(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in float64 if one of them is, else in float32; refuse what has not 4 columns."""
    for boxes in (boxes1, boxes2):
        if boxes.size(-1) != 4:
            raise ValueError(
                f"boxes must have shape (..., 4), xyxy in pixels, but got {tuple(boxes.shape)}"
            )
    double = torch.float64 in (boxes1.dtype, boxes2.dtype)
    dtype = torch.float64 if double else torch.float32
    return boxes1.to(dtype), boxes2.to(dtype)


def root(squared: Tensor) -> Tensor:
    """Return the square root, with gradient 0 at 0, where it has none."""
    apart = squared != 0  # NaN stays NaN
    # The masked value under the root keeps NaN out of the backward pass.
    return torch.where(apart, squared, 1).sqrt() * apart


def sides(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Return width and height, 0 where a box is inverted."""
    x1, y1, x2, y2 = boxes.unbind(-1)
    return (x2 - x1).clamp(min=0), (y2 - y1).clamp(min=0)


def _iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    low = [torch.maximum(boxes1[..., i], boxes2[..., i]) for i in (0, 1)]
    high = [torch.minimum(boxes1[..., i], boxes2[..., i]) for i in (2, 3)]
    inter = (high[0] - low[0]).clamp(min=0) * (high[1] - low[1]).clamp(min=0)
    (w1, h1), (w2, h2) = sides(boxes1), sides(boxes2)
    union = w1 * h1 + w2 * h2 - inter
    # An empty union has an empty intersection, and 0 / 1 is the overlap we want for it.
    return inter / union.masked_fill(union <= 0, 1)


def center_offsets(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    """Return the offsets of the centers in x and y; differences first keep far boxes exact."""
    x1, y1, x2, y2 = ((boxes1[..., i] - boxes2[..., i]) / 2 for i in range(4))
    return x1 + x2, y1 + y2


def _center_penalty(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Return ``rho^2 / c^2``, in [0, 1]; 0 for two points in the same place."""
    dx, dy = center_offsets(boxes1, boxes2)
    width = torch.maximum(boxes1[..., 2], boxes2[..., 2])
    width = width - torch.minimum(boxes1[..., 0], boxes2[..., 0])
    height = torch.maximum(boxes1[..., 3], boxes2[..., 3])
    height = height - torch.minimum(boxes1[..., 1], boxes2[..., 1])
    diagonal = width**2 + height**2
    return (dx**2 + dy**2) / diagonal.masked_fill(diagonal <= 0, 1)


def _shape_angle(boxes: Tensor) -> Tensor:
    """Return ``atan(w / h)``: pi / 2 for a flat box, 0 for a point."""
    return torch.atan2(*sides(boxes))
