"""Thresholds of every ground truth from its best anchor and its shape."""

import torch
from torch import Tensor


def adaptive_thresholds(
    iou_max: Tensor,
    gt_boxes: Tensor,
    p_tp: float = 3 / 4,
    p_tn: float = 4 / 5,
    t_pos_min: float = 0.1,
    t_neg_min: float = 0.05,
) -> tuple[Tensor, Tensor]:
    r"""Return the positive and the negative threshold of every ground truth.

    Eq. 1 to 5 of "Adaptive Dynamic Label Assignment for Tiny Object Detection in Aerial Images"
    (10.1109/JSTARS.2024.3379515), with x the IoU of the ground truth's best anchor::

        T_rp = x * (p_tp - (1 - p_tp) * x^2) * (4 + short side / long side) / 5
        T_rn = T_rp * (p_tn - (1 - p_tn) * (x - 1)^2)
        T_p, T_n = max(T_rp, t_pos_min), max(T_rn, t_neg_min)

    A square that an anchor fits perfectly has T_p = 0.5 and T_n = 0.4 with the default parameters.

    Args:
        iou_max: Largest IoU of each ground truth with any prior, shape (K,), in [0, 1].
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels. An empty box counts as needle-thin.
        p_tp: The leading factor of Eq. 1 (``P_Tp`` of Table VII), in [0.5, 1].
        p_tn: The leading factor of Eq. 2 (``P_Tn`` of Table VII), in [0.5, 1].
        t_pos_min: Lower bound of the positive threshold.
        t_neg_min: Lower bound of the negative threshold, at most ``t_pos_min``.

    Returns:
        ``T_p`` and ``T_n``, each of shape (K,), with ``T_n <= T_p``.

    Example:
        >>> t_pos, t_neg = adaptive_thresholds(torch.tensor([1.0]), torch.tensor([[0, 0, 8, 8]]))
        >>> round(t_pos.item(), 4), round(t_neg.item(), 4)
        (0.5, 0.4)
    """
    sides = gt_boxes[:, 2:] - gt_boxes[:, :2]
    longer = sides.amax(dim=1)
    aspect_ratio = sides.amin(dim=1) / longer.masked_fill(longer <= 0, 1)
    shape_factor = (4 + aspect_ratio) / 5

    t_pos = iou_max * (p_tp - (1 - p_tp) * iou_max**2) * shape_factor
    t_neg = t_pos * (p_tn - (1 - p_tn) * (iou_max - 1) ** 2)
    return torch.clamp(t_pos, min=t_pos_min), torch.clamp(t_neg, min=t_neg_min)
