"""Non-maximum suppression: mmcv's ``nms``, ``softnms`` and ``nms_match``.

Boxes are xyxy in pixels. Equal scores keep their order. Half precision is computed in float32.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .checks import check_devices, check_floating, check_no_nan, check_shape

Array = NDArray[np.floating[Any]]

SCORE, AREA = 4, 5  # rows of the table that softnms works on; the first four are the box


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Keep the best of boxes that overlap, by torchvision.

    Args:
        boxes: Shape (N, 4).
        scores: Shape (N,).
        iou_threshold: A box whose IoU with a better, kept one is above it is dropped.
        offset: 1 if a box includes its last pixel, so that its width is ``x2 - x1 + 1``; else 0.

    Returns:
        Indices (M,) of what is kept, best first.

    Raises:
        ValueError: Shapes, types or devices do not fit, or there is NaN.
    """
    dtype = _check(boxes, scores)
    boxes, scores = boxes.to(dtype), scores.to(dtype)
    if offset:
        boxes = torch.cat([boxes[:, :2], boxes[:, 2:] + offset], dim=1)
    if dtype == torch.float32:
        # An IoU equal to the threshold is kept, so the threshold must be rounded as the IoU is.
        iou_threshold = float(np.float32(iou_threshold))
    return torch.ops.torchvision.nms(boxes, scores, iou_threshold)


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Lower the scores of boxes that overlap better ones (Bodla et al., ICCV 2017), on the CPU.

    Args:
        boxes: Shape (N, 4).
        scores: Shape (N,).
        dets: Shape (N, 5); the first M rows receive the kept boxes and their new scores.
        iou_threshold: The IoU from which the methods 0 and 1 act.
        sigma: Width of method 2.
        min_score: Boxes that fall below it are dropped.
        method: What an IoU of u multiplies a score by: 0 is 0, 1 is ``1 - u``, 2 is
            ``exp(-u * u / sigma)``.
        offset: As in `nms`.

    Returns:
        Indices (M,) of what is kept, in the order in which it was chosen.

    Raises:
        ValueError: Shapes, types or devices do not fit, or there is NaN.
    """
    dtype = _check(boxes, scores)
    check_shape("dets", dets, len(boxes), 5)
    rows = torch.cat([boxes.to(dtype), scores.to(dtype)[:, None]], dim=1).detach().cpu().numpy()
    table = np.concatenate([rows.T, _areas(rows.T, offset)[None]])
    number = rows.dtype.type
    order, kept, left = np.arange(len(rows)), 0, len(rows)
    while kept < left:
        best = kept + int(table[SCORE, kept:left].argmax())
        table[:, [kept, best]] = table[:, [best, kept]]
        order[[kept, best]] = order[[best, kept]]
        rest = table[:, kept + 1 : left]
        overlaps = _ious(table[:, kept], rest, offset)
        rest[SCORE] *= _decay(overlaps, method, number(iou_threshold), number(sigma))
        alive = rest[SCORE] >= number(min_score)
        left = kept + 1 + int(alive.sum())
        _close_gaps(rest, order[kept + 1 :], alive)
        kept += 1
    dets[:kept].copy_(torch.from_numpy(table[:5, :kept].T))
    return torch.from_numpy(order[:kept])


def nms_match(dets: Tensor, iou_threshold: float) -> list[list[int]]:
    """Group boxes by the better one that suppresses them.

    Args:
        dets: Boxes and scores, shape (N, 5).
        iou_threshold: The IoU from which a box belongs to a better one.

    Returns:
        The indices of each group, best first; the groups are ordered by their best.

    Raises:
        ValueError: The shape or the type does not fit, or there is NaN.
    """
    check_shape("dets", dets, None, 5)
    dtype = _check(dets[:, :4], dets[:, 4])
    order = dets[:, 4].argsort(descending=True, stable=True).cpu().numpy()
    rows = dets.detach().to(dtype).cpu().numpy()[order].T
    table = np.concatenate([rows, _areas(rows, 0)[None]])
    groups = []
    while len(order):
        overlaps = _ious(table[:, 0], table[:, 1:], 0)
        inside = np.concatenate([[True], overlaps >= rows.dtype.type(iou_threshold)])
        groups.append(order[inside].tolist())
        table, order = table[:, ~inside], order[~inside]
    return groups


def _check(boxes: Tensor, scores: Tensor) -> torch.dtype:
    """Check boxes (N, 4) and scores (N,), and return the type to compute in."""
    check_shape("boxes", boxes, None, 4)
    check_shape("scores", scores, boxes.shape[0])
    check_floating(boxes=boxes, scores=scores)
    check_devices(boxes=boxes, scores=scores)
    check_no_nan(boxes=boxes, scores=scores)
    return torch.promote_types(torch.promote_types(boxes.dtype, scores.dtype), torch.float32)


def _areas(boxes: Array, offset: int) -> Array:
    """Return the areas (N,) of boxes (4 or more, N)."""
    return (boxes[2] - boxes[0] + offset) * (boxes[3] - boxes[1] + offset)


def _ious(box: Array, others: Array, offset: int) -> Array:
    """Return the IoUs (N,) of one column with others (6, N); NaN where both have no area."""
    width = np.minimum(box[2], others[2]) - np.maximum(box[0], others[0]) + offset
    height = np.minimum(box[3], others[3]) - np.maximum(box[1], others[1]) + offset
    inside = np.maximum(width, 0) * np.maximum(height, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return inside / (box[AREA] + others[AREA] - inside)


def _decay(overlaps: Array, method: int, iou_threshold: np.floating, sigma: np.floating) -> Array:
    """Return what to multiply scores by; boxes without area overlap nothing."""
    if method == 2:
        exact = np.exp((-(overlaps * overlaps) / sigma).astype(np.float64))
        return np.where(np.isnan(overlaps), 1, exact).astype(overlaps.dtype)
    lowered = 1 - overlaps if method == 1 else np.zeros_like(overlaps)
    return np.where(overlaps >= iou_threshold, lowered, 1)


def _close_gaps(table: Array, order: NDArray[np.int64], alive: NDArray[np.bool_]) -> None:
    """Move the last columns that are alive into the places of the dead, the first gap first.

    mmcv drops a box by putting the last one in its place. Which of equal scores comes first
    depends on that.
    """
    count = int(alive.sum())
    gaps = np.flatnonzero(~alive[:count])
    if len(gaps):
        sources = count + np.flatnonzero(alive[count:])[::-1]
        table[:, gaps] = table[:, sources]
        order[gaps] = order[sources]


FUNCTIONS: dict[str, Callable[..., Any]] = {"nms": nms, "softnms": softnms, "nms_match": nms_match}
