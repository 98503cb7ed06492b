"""Measures that weigh where an anchor is against where the network moves it."""

import torch
from torch import Tensor


def dynamic_iou(
    anchor_iou: Tensor,
    regressed_iou: Tensor,
    alpha: float,
    gamma: float = 1.5,
    beta: float | None = None,
) -> Tensor:
    r"""Return the dynamic IoU, Eq. 7 to 9 of the ADLA paper (10.1109/JSTARS.2024.3379515).

    ``D = alpha * A + (1 - alpha) * R - beta * |A - R|^gamma``, bounded to [0, 1].

    The penalty acts on a change of either sign. It makes D fall again when R runs far ahead of A:
    for A = 0.05, alpha = 0.6, gamma = 1.5, D peaks at 0.109 (R = 0.49) and is 0.060 at R = 1.

    Args:
        anchor_iou: A, the IoU of anchor and ground truth, any shape, in [0, 1].
        regressed_iou: R, the IoU of regressed box and ground truth, of the same shape, in [0, 1].
        alpha: Weight of the anchor, in [0, 1].
        gamma: Exponent of the penalty, above 0.
        beta: Weight of the penalty; None means ``1 - alpha`` (Eq. 9).

    Returns:
        D of the same shape.

    Example:
        >>> round(dynamic_iou(torch.tensor(0.25), torch.tensor(0.5), alpha=0.6).item(), 4)
        0.3
    """
    if beta is None:
        beta = 1 - alpha
    change = (anchor_iou - regressed_iou).abs_()
    weighed = (alpha * anchor_iou).add_((1 - alpha) * regressed_iou)
    return weighed.sub_(_power(change, gamma).mul_(beta)).clamp_(0, 1)


def matching_degree(
    anchor_iou: Tensor, regressed_iou: Tensor, alpha: float, gamma: float = 1.5
) -> Tensor:
    """Return the matching degree, Eq. 6: the dynamic IoU with the full penalty (``beta = 1``).

    Args:
        anchor_iou: IoU of anchor and ground truth, any shape, in [0, 1].
        regressed_iou: IoU of regressed box and ground truth, of the same shape, in [0, 1].
        alpha: Weight of the anchor, in [0, 1].
        gamma: Exponent of the penalty, above 0.

    Returns:
        The matching degree of the same shape, bounded to [0, 1].

    Example:
        >>> round(matching_degree(torch.tensor(0.25), torch.tensor(0.5), alpha=0.6).item(), 4)
        0.225
    """
    return dynamic_iou(anchor_iou, regressed_iou, alpha, gamma, beta=1.0)


def _power(base: Tensor, exponent: float) -> Tensor:
    """Return ``base ** exponent`` in a new tensor; equal elements give equal results.

    ``torch.pow`` rounds differently in its vectorized body and in the tail, which would break exact
    ties. Products and roots do not; they serve the exponents 0.5, 1, 1.5, 2, ... up to 4. Other
    powers are rounded from double precision, where the difference gets lost.
    """
    halves = 2 * exponent
    if halves > 8 or halves != int(halves):
        return base.double().pow(exponent).to(base.dtype)
    whole, odd = divmod(int(halves), 2)
    power = base.sqrt() if odd else torch.ones_like(base)
    for _ in range(whole):
        power.mul_(base)
    return power
