"""How many positives an assigner gives to the ground truths of a data set before any training."""

from collections.abc import Sequence

import numpy as np
import torch
from mmdet.models.task_modules.prior_generators import MlvlPointGenerator
from mmengine.structures import InstanceData
from torch import Tensor

from adla.models import MSLAAssigner

from .records import Records


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
