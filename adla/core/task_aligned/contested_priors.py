"""Who may have a prior that several ground truths chose."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .alignment_measure import AlignmentMeasure
from .center_sampling import gated_pairs


def admit_rivals(
    gt: Tensor,
    prior: Tensor,
    measure: AlignmentMeasure,
    gated: Tensor,
    points: Tensor,
    gates: Sequence[float],
    block_elements: int,
) -> tuple[Tensor, Tensor]:
    """Let all ground truths compete for the contested priors, also those that did not choose them.

    A prior is contested in an image where two or more ground truths chose it. Its pairs give way
    to those with every ground truth whose gate it is in.

    Args:
        gt: Ground truths of the M chosen pairs, shape (M,), indices into the targets.
        prior: Their priors, shape (M,).
        measure: The predictions and the targets.
        gated: The boxes of the targets as the gate sees them, shape (N, 4), xyxy in pixels.
        points: Shape (P, 4): x, y, stride_w, stride_h, level after level.
        gates: Smallest side of the gate on each level, in strides.
        block_elements: Upper bound of ground truths x priors held at once.

    Returns:
        Ground truths and priors; those of one prior in rising order of the ground truth.
    """
    num_priors = len(points)
    places = measure.places(gt, prior)
    found, counts = places.unique(return_counts=True)
    contested = torch.zeros(len(measure.boxes), dtype=torch.bool, device=gt.device)
    contested[found[counts > 1]] = True
    some = (found[counts > 1] % num_priors).unique()
    if not len(some):
        return gt, prior
    stays = ~contested[places]
    pairs = [(gt[stays], prior[stays])]
    level_counts = measure.levels[some].bincount(minlength=len(gates)).tolist()
    rows = max(block_elements // len(some), 1)
    for first in range(0, len(gated), rows):
        rival, which = gated_pairs(gated[first : first + rows], points[some], level_counts, gates)
        rival, which = rival + first, some[which]
        wanted = contested[measure.places(rival, which)]
        pairs.append((rival[wanted], which[wanted]))
    gt, prior = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    return gt, prior
