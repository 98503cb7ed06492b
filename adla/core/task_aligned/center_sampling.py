"""Which priors may match which ground truth, by where they lie."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .rule import SmallSides


def widen_small_sides(
    gts: Tensor, priors: Tensor, num_level_priors: Sequence[int], below: SmallSides
) -> Tensor:
    """Return boxes whose small sides are as long as the second level's stride.

    About the center, each side by itself, whatever the level: with strides from 8 on a side below 8
    px (ultralytics 8.4.0) or below 16 px (8.4.128) counts as 16 px. A single level widens to its
    own stride.

    Args:
        gts: Ground truths of shape (K, 4), xyxy in pixels.
        priors: Shape (P, 4): x, y, stride_w, stride_h, level after level.
        num_level_priors: How many priors each level has.
        below: Which sides are small: those ``below_first``, shorter than the first level's stride,
            or ``below_second``.
    """
    starts = [sum(num_level_priors[:i]) for i, count in enumerate(num_level_priors) if count]
    strides = priors[starts[:2], 2:]
    sides, centers = gts[:, 2:] - gts[:, :2], (gts[:, :2] + gts[:, 2:]) / 2
    small = sides < strides[0 if below == "below_first" else -1]
    half = torch.where(small, strides[-1], sides) / 2
    return torch.cat([centers - half, centers + half], 1)


def gated_pairs(
    gts: Tensor, priors: Tensor, num_level_priors: Sequence[int], gate_strides: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Return all pairs of a ground truth and a prior inside its gate, the border excluded.

    The gate is the box of the ground truth, on each side of its center at least ``gate_stride / 2``
    strides long. With 0 it is the box itself; above 1 it holds a point of every complete grid.

    Args:
        gts: Ground truths of shape (K, 4), xyxy in pixels.
        priors: Shape (P, 4): x, y, stride_w, stride_h, level after level.
        num_level_priors: How many priors each level has; they add up to P, which is not 0.
        gate_strides: Smallest side of the gate on each level, in strides of the level.

    Returns:
        Indices of the ground truths and of the priors, sorted by ground truth, then by prior.
    """
    inside = []
    parts = priors.split(list(num_level_priors))
    for level, gate_stride in zip(parts, gate_strides, strict=True):
        if not len(level):
            continue
        centers, reach = (gts[:, :2] + gts[:, 2:]) / 2, gate_stride / 2 * level[0, 2:]
        low = torch.minimum(gts[:, :2], centers - reach)
        high = torch.maximum(gts[:, 2:], centers + reach)
        here = (level[:, 0] > low[:, :1]) & (level[:, 0] < high[:, :1])
        here &= (level[:, 1] > low[:, 1:]) & (level[:, 1] < high[:, 1:])
        inside.append(here)
    gt, prior = torch.cat(inside, dim=1).nonzero(as_tuple=True)
    return gt, prior
