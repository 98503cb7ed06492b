"""A positive for every ground truth that competition has left without one."""

import torch
from torch import Tensor

from ..pair_search import largest_of_each
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
    that are not kept, the one nearest to its centre (pixels; ties: lowest index), and keeps it. A
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
    while len(wanting):
        distance, nearest = _nearest(wanting, points, kept.view(batch, -1), targets, block_elements)
        free = distance.isfinite().nonzero().squeeze(1)
        wanting, nearest, distance = wanting[free], nearest[free], distance[free]
        place = targets.image[wanting] * num_priors + nearest
        wins = largest_of_each(place, -distance.float())
        kept[place[wins]] = True
        stays = ~torch.isin(targets.image[gt] * num_priors + prior, place[wins])
        gt, prior = torch.cat([gt[stays], wanting[wins]]), torch.cat([prior[stays], nearest[wins]])
        loses = torch.ones_like(wanting, dtype=torch.bool)
        loses[wins] = False
        wanting = wanting[loses]
    return gt, prior


def _nearest(
    wanting: Tensor, points: Tensor, kept: Tensor, targets: BatchTargets, block_elements: int
) -> tuple[Tensor, Tensor]:
    """Return the squared distance and the index of the nearest prior that nobody keeps."""
    rows = max(block_elements // len(points), 1)
    found = []
    for some in wanting.split(rows):
        boxes = targets.boxes[some]
        centers = (boxes[:, :2] + boxes[:, 2:]) / 2
        squared = (centers[:, None, 0] - points[:, 0]) ** 2
        squared += (centers[:, None, 1] - points[:, 1]) ** 2
        found.append(squared.masked_fill_(kept[targets.image[some]], torch.inf).min(dim=1))
    values = [part.values for part in found] or [points.new_zeros(0)]
    indices = [part.indices for part in found] or [wanting]
    return torch.cat(values), torch.cat(indices)
