"""Calls of mmcv's ops on inputs from a fixed seed, with their gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from op_inputs import Draw
from torch import Tensor

import adla  # noqa: F401  gives mmcv its ops

# Only now, because adla answers for what mmcv has not.
from mmcv import ops  # isort: skip
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction  # isort: skip

Results = dict[str, Tensor]


def differentiate(call: Callable[..., Tensor], draw: Draw, **inputs: Tensor) -> Results:
    """Return what a call gives, and the gradients of a random weighting of it."""
    output = call(*inputs.values())
    results = {"output": output.detach()}
    if output.requires_grad:
        weights = draw.normal(*output.shape).detach()
        (output * weights).sum().backward()
        results |= {f"grad of {name}": t.grad for name, t in inputs.items() if t.grad is not None}
    return results


def nms(draw: Draw, offset: int) -> Results:
    """Compare the indices of 3,000 boxes."""
    boxes, scores = draw.boxes(3000), draw.scores(3000)
    return {f"IoU {t}": ops.nms(boxes, scores, t, offset=offset)[1] for t in (0.3, 0.5, 0.7)}


def soft_nms(draw: Draw, method: str) -> Results:
    """Compare the boxes, scores and indices of 1,000 boxes."""
    dets, kept = ops.soft_nms(draw.boxes(1000), draw.scores(1000), 0.3, 0.5, 1e-3, method)
    return {"kept": kept, "boxes": dets[:, :4], "scores": dets[:, 4]}


def nms_match(draw: Draw) -> Results:
    """Compare the groups of 1,000 boxes."""
    dets = torch.cat([draw.boxes(1000), draw.scores(1000)[:, None]], dim=1)
    groups = ops.nms_match(dets, 0.5)
    return {"members": torch.cat(groups), "sizes": torch.tensor([len(g) for g in groups])}


def roi_align(draw: Draw, mode: str, ratio: int) -> Results:
    """Compare 64 regions of two feature maps at stride 4."""
    regions = draw.regions(64)
    return differentiate(
        lambda x: ops.roi_align(x, regions, (7, 7), 0.25, ratio, mode, True),
        draw,
        input=draw.normal(2, 16, 64, 64),
    )


def roi_pool(draw: Draw) -> Results:
    """Compare 64 regions of two feature maps at stride 4."""
    regions = draw.regions(64)
    return differentiate(
        lambda x: ops.roi_pool(x, regions, (7, 7), 0.25), draw, input=draw.normal(2, 16, 64, 64)
    )


def deform_roi_pool(draw: Draw) -> Results:
    """Compare 32 regions with offsets of their bins."""
    regions = draw.regions(32)
    return differentiate(
        lambda x, offset: ops.deform_roi_pool(x, regions, offset, (7, 7), 0.25, 2, 0.1),
        draw,
        input=draw.normal(2, 8, 64, 64),
        offset=draw.normal(32, 2, 7, 7),
    )


def deform_conv(draw: Draw) -> Results:
    """Compare version 1 with two groups of offsets."""
    return differentiate(
        lambda x, offset, weight: ops.deform_conv2d(x, offset, weight, 1, 1, 1, 1, 2),
        draw,
        input=draw.normal(2, 16, 24, 24),
        offset=draw.normal(2, 36, 24, 24, scale=2),
        weight=draw.normal(8, 16, 3, 3),
    )


def modulated_deform_conv(draw: Draw) -> Results:
    """Compare version 2 with stride 2 and a bias."""
    return differentiate(
        lambda x, offset, mask, weight, bias: ops.modulated_deform_conv2d(
            x, offset, mask, weight, bias, 2, 1, 1, 1, 1
        ),
        draw,
        input=draw.normal(2, 16, 24, 24),
        offset=draw.normal(2, 18, 12, 12, scale=2),
        mask=draw.share(2, 9, 12, 12),
        weight=draw.normal(8, 16, 3, 3),
        bias=draw.normal(8),
    )


def masked_conv(draw: Draw) -> Results:
    """Compare a convolution of every second pixel."""
    mask = draw.integers(2, 1, 24, 24).to(draw.dtype)
    with torch.no_grad():
        output = ops.masked_conv2d(
            draw.normal(1, 8, 24, 24), mask, draw.normal(4, 8, 3, 3), draw.normal(4), 1
        )
    return {"output": output}


def carafe(draw: Draw) -> Results:
    """Compare the enlargement by 2 with kernels of 5 x 5."""
    return differentiate(
        lambda x, masks: ops.carafe(x, masks, 5, 1, 2),
        draw,
        features=draw.normal(2, 8, 12, 12),
        masks=draw.share(2, 25, 24, 24),
    )


def attention(draw: Draw) -> Results:
    """Compare 50 queries of two levels with four heads."""
    shapes = draw.tensor(np.array([[12, 12], [6, 6]]), torch.int64)
    starts = draw.tensor(np.array([0, 144]), torch.int64)
    return differentiate(
        lambda value, places, weights: MultiScaleDeformableAttnFunction.apply(
            value, shapes, starts, places, weights, 64
        ),
        draw,
        value=draw.normal(2, 180, 4, 8),
        locations=draw.share(2, 50, 4, 2, 4, 2),
        weights=draw.share(2, 50, 4, 2, 4),
    )


def focal_loss(draw: Draw, call: Callable[..., Tensor], classes: int) -> Results:
    """Compare 200 rows of 8 classes with weights; for the sigmoid no class is one too."""
    targets, weight = draw.integers(classes, 200), draw.share(classes).detach()[:8]
    return differentiate(
        lambda x: call(x, targets, 2.0, 0.25, weight if classes == 8 else None, "sum"),
        draw,
        input=draw.normal(200, 8, scale=3),
    )


def overlaps(draw: Draw) -> Results:
    """Compare the IoUs of 100 x 100 boxes."""
    return {"IoU": ops.bbox_overlaps(draw.boxes(100), draw.boxes(100))}


CASES: dict[str, Callable[[Draw], Results]] = {
    "nms": lambda draw: nms(draw, 0),
    "nms, offset 1": lambda draw: nms(draw, 1),
    "soft_nms, naive": lambda draw: soft_nms(draw, "naive"),
    "soft_nms, linear": lambda draw: soft_nms(draw, "linear"),
    "soft_nms, gaussian": lambda draw: soft_nms(draw, "gaussian"),
    "nms_match": nms_match,
    "bbox_overlaps": overlaps,
    "roi_align, avg": lambda draw: roi_align(draw, "avg", 0),
    "roi_align, avg, 2 points": lambda draw: roi_align(draw, "avg", 2),
    "roi_align, max": lambda draw: roi_align(draw, "max", 0),
    "deform_conv2d": deform_conv,
    "modulated_deform_conv2d": modulated_deform_conv,
    "roi_pool": roi_pool,
    "deform_roi_pool": deform_roi_pool,
    "masked_conv2d": masked_conv,
    "carafe": carafe,
    "ms_deform_attn": attention,
    "sigmoid_focal_loss": lambda draw: focal_loss(draw, ops.sigmoid_focal_loss, 9),
    "softmax_focal_loss": lambda draw: focal_loss(draw, ops.softmax_focal_loss, 8),
}
