"""A positive for every ground truth that competition has left without one."""

import torch
from torch import Tensor

from ..pair_search import forced_rounds, largest_of_each, largest_of_rows
from .batch_targets import BatchTargets


def force_matches(
    gt: Tensor,
    prior: Tensor,
    metric: Tensor,
    points: Tensor,
    targets: BatchTargets,
    batch: int,
    block_elements: int,
) -> tuple[Tensor, Tensor]:
    """Give every ground truth without positive the nearest prior that is nobody's best.

    Every ground truth that has positives keeps the one with the largest metric (ties: lowest
    index); its others may be taken, so that nobody ends without. One without takes, of all priors
    that are not kept, the one nearest to its center (pixels; ties: lowest index), and keeps it. A
    prior that several want goes to the nearest (ties: lowest index), and the others choose again.
    Only where an image has more ground truths than priors some stay without. A cluster that shares
    one prior needs a round for each of its members.

    Args:
        gt: Ground truths of the M positive pairs, shape (M,), indices into the targets.
        prior: Their priors, shape (M,), each at most once an image.
        metric: Their alignment metric, shape (M,).
        points: Positions of the priors, shape (P, 2), x and y in pixels.
        targets: The ground truths of the batch.
        batch: Number of images.
        block_elements: Upper bound of ground truths x priors held at once.

    Returns:
        Ground truths and priors of all positive pairs.
    """
    without = torch.ones(len(targets.boxes), dtype=torch.bool, device=gt.device)
    without[gt] = False
    wanting = without.nonzero().squeeze(1)
    if not len(wanting):
        return gt, prior
    num_priors = len(points)
    kept = torch.zeros(batch * num_priors, dtype=torch.bool, device=gt.device)
    best = largest_of_each(gt, metric.float())
    kept[targets.image[gt[best]] * num_priors + prior[best]] = True
    length = forced_rounds.first_length(wanting)
    while len(wanting):
        distances, nearest = _nearest(wanting, length, points, kept, targets, block_elements)
        places = targets.image[wanting, None] * num_priors + nearest
        settled = forced_rounds.settle(-distances, places, none=-torch.inf)
        kept[settled.choices] = True
        stays = ~torch.isin(targets.image[gt] * num_priors + prior, settled.choices)
        gt = torch.cat([gt[stays], wanting[settled.rows]])
        prior = torch.cat([prior[stays], settled.choices % num_priors])
        wanting, length = wanting[settled.without], length * forced_rounds.GROWTH
    return gt, prior


def _nearest(
    wanting: Tensor,
    length: int,
    points: Tensor,
    kept: Tensor,
    targets: BatchTargets,
    block_elements: int,
) -> tuple[Tensor, Tensor]:
    """Return squared distances (W, k), rising, and indices of the priors that nobody keeps."""
    kept = kept.view(-1, len(points))
    found = []
    for some in wanting.split(max(block_elements // len(points), 1)):
        boxes = targets.boxes[some]
        centers = (boxes[:, :2] + boxes[:, 2:]) / 2
        squared = (centers[:, None, 0] - points[:, 0]) ** 2
        squared += (centers[:, None, 1] - points[:, 1]) ** 2
        squared.masked_fill_(kept[targets.image[some]], torch.inf)
        found.append(largest_of_rows(-squared, min(length, len(points))))
    values, indices = (torch.cat(parts) for parts in zip(*found, strict=True))
    return -values, indices
