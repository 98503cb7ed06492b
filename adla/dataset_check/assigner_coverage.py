"""What a config's assigner asks of an object, and how many positives it gives before training."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from mmdet.models.task_modules.prior_generators import MlvlPointGenerator
from mmengine.structures import InstanceData
from torch import Tensor

from adla.core import dynamic_iou
from adla.models import MSLAAssigner

from .annotations import Records


def targets_of(records: Records, letterbox: int | None = None) -> list[tuple[Tensor, Tensor]]:
    """Return the size (2,) and the boxes (K, 4), xyxy in pixels, of every image with targets.

    Args:
        records: The annotations.
        letterbox: Side of the square into which images are scaled; None leaves them as they are.
    """
    chosen, found = records.usable(), []
    boxes = records.boxes[chosen].astype(np.float32)
    boxes[:, 2:] += boxes[:, :2]
    images = records.ann_images[chosen]
    for image in np.unique(images):
        size = records.image_sizes[image]
        scale = 1 if letterbox is None else letterbox / size.max()
        found.append((torch.tensor(size * scale), torch.from_numpy(boxes[images == image]) * scale))
    return found


def positives_of(
    assigner: MSLAAssigner,
    targets: Sequence[tuple[Tensor, Tensor]],
    strides: Sequence[int],
    seed: int = 0,
) -> Tensor:
    """Return the number of positives of every ground truth, shape (N,), with random predictions.

    A predicted box lies about its prior, half as large to twice as large as the stride, and its
    score is anything from 0 to 1.

    Args:
        assigner: The assigner; it takes points of these strides.
        targets: What :func:`targets_of` returns.
        strides: The strides of the levels, finest first.
        seed: Of the predictions.
    """
    generator = torch.Generator().manual_seed(seed)
    grid, counts = MlvlPointGenerator(strides), []
    for size, boxes in targets:
        cells = [tuple((size.flip(0) / stride).ceil().int().tolist()) for stride in strides]
        priors = torch.cat(grid.grid_priors(cells, device="cpu", with_stride=True))
        half = priors[:, 2:] * (0.25 + 0.75 * torch.rand(len(priors), 2, generator=generator))
        points = priors[:, :2]
        predicted = InstanceData(
            priors=priors,
            bboxes=torch.cat([points - half, points + half], dim=1),
            scores=torch.rand(len(priors), 1, generator=generator),
        )
        wanted = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long))
        assigned = assigner.assign(predicted, wanted).gt_inds
        counts.append(assigned.bincount(minlength=len(boxes) + 1)[1:])
    return torch.cat(counts) if counts else torch.zeros(0, dtype=torch.long)


def _is_adaptive(assigner: dict) -> bool:
    """Say whether the thresholds are those of adaptive assignment."""
    named = assigner.get("type") == "AdaptiveDynamicAssigner"
    return named and assigner.get("adaptive_threshold", True)


def _is_measured_otherwise(assigner: dict) -> bool:
    """Say whether adaptive assignment stands on another measure than the IoU."""
    named = assigner.get("type") == "AdaptiveDynamicAssigner"
    return named and bool(assigner.get("iou_calculator"))


def fixed_threshold(assigner: dict) -> float | None:
    """Return the positive threshold that an assigner has for all objects, or None."""
    if _is_adaptive(assigner):
        return None
    return assigner.get("pos_iou_thr", 0.5 if "adaptive_threshold" in assigner else None)


def least_iou(assigner: dict) -> tuple[float, str] | None:
    """Return the least IoU with the best anchor that gives a positive, and how; None: no such."""
    if _is_measured_otherwise(assigner):
        return None
    if assigner.get("force_match"):
        return 0.0, "any overlap with an anchor: the best one is forced"
    if _is_adaptive(assigner):
        limit = lift_limit(assigner)
        if assigner.get("metric") == "anchor_iou":
            return math.nextafter(limit, 1), f"more than IoU {limit:g} with an anchor"
        return limit, f"IoU {limit:.4f} with an anchor: predictions can lift it from there"
    fixed = fixed_threshold(assigner)
    if fixed is None:
        return None
    if assigner.get("match_low_quality", assigner["type"] == "MaxIoUAssigner"):
        least = assigner.get("min_pos_iou", 0.0)
        start = f"IoU {least:g}" if least else "any overlap"
        return least, f"{start} with an anchor: below {fixed:g} the best one is forced"
    return fixed, f"IoU {fixed:g} with an anchor"


def reach_beyond(assigner: dict) -> str | None:
    """Return how an assigner by centers serves objects without a grid point, or None: not known."""
    if assigner.get("type") == "SimOTAAssigner":
        return "a grid point near its center"
    if _is_measured_otherwise(assigner):
        if assigner.get("force_match"):
            return "nothing: the best prior is forced"
        return "what tools/analysis/positives_by_size.py counts: its measure is not the IoU"
    if assigner.get("type") != "MSLAAssigner":
        return None
    if assigner.get("force_match", True):
        return "nothing: the nearest prior is forced"
    gates = assigner.get("gate_stride", 2.0)
    if any(gates) if isinstance(gates, Sequence) else "dotd" in assigner.get("metrics", "dotd"):
        return "a grid point near its center, by gate_stride"
    return None


def lift_limit(rule: dict) -> float:
    """Return the least anchor IoU from which some regressed IoU lifts the metric over T_pmin.

    0.0407 with the defaults of ``AdaptiveDynamicAssigner``.

    Args:
        rule: Config of the assigner; what it does not name has that assigner's default.
    """
    t_pos_min = rule.get("t_pos_min", 0.1)
    if rule.get("metric", "dynamic_iou") == "anchor_iou":
        return t_pos_min
    beta = 1.0 if rule.get("metric") == "matching_degree" else rule.get("beta")
    alpha, gamma = rule.get("alpha0", 0.6), rule.get("gamma", 1.5)
    regressed = torch.linspace(0, 1, 1001, dtype=torch.float64)
    low, high = 0.0, t_pos_min
    while high - low > 1e-6:  # the best the metric can get grows with the anchor IoU
        middle = (low + high) / 2
        anchor = torch.full_like(regressed, middle)
        if dynamic_iou(anchor, regressed, alpha, gamma, beta).max() > t_pos_min:
            high = middle
        else:
            low = middle
    return high
