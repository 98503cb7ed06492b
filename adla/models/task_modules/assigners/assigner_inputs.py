"""What adla's assigners share: checks of their input, ATSS's order of arguments, labels."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from mmdet.models.task_modules.assigners import AssignResult
from mmengine.structures import InstanceData
from torch import Tensor


def in_atss_order_too(assign: Callable[..., AssignResult]) -> Callable[..., AssignResult]:
    """Let an ``assign`` method be called as ATSS's head calls, ``num_level_priors`` second."""

    @wraps(assign)
    def call(self: Any, pred_instances: InstanceData, *args: Any, **kwargs: Any) -> AssignResult:
        if args and not isinstance(args[0], InstanceData):
            args = args[1:]
        return assign(self, pred_instances, *args, **kwargs)

    return call


def checked_iof_thr(value: float) -> float:
    """Return an ``ignore_iof_thr`` that some share of an area can be above.

    Raises:
        ValueError: If it is 1 or more: then the ignore regions would have no effect.
    """
    if not value < 1:
        raise ValueError(
            f"ignore_iof_thr, the share of a prior in an ignore region, must be below 1 (up to 0 "
            f"switches the regions off), but got {value!r}"
        )
    return value


def assigned_labels(gt_inds: Tensor, gt_labels: Tensor) -> Tensor:
    """Return the class (N,) of the ground truth of each prior, -1 where there is none.

    Args:
        gt_inds: Shape (N,): k + 1 for a positive of ground truth k, else at most 0.
        gt_labels: Classes (K,) of the ground truths.
    """
    labels = torch.full_like(gt_inds, -1)
    if not len(gt_labels):
        return labels
    return torch.where(gt_inds > 0, gt_labels[(gt_inds - 1).clamp(min=0)], labels)


class PointCheck:
    """Refuse points with strides (x, y, stride, stride): as xyxy most would be no boxes at all.

    Only the first priors are looked at: a head has the same kind for every image, and each look
    makes a GPU wait.
    """

    def __init__(self) -> None:
        self._done = False

    def __call__(self, priors: Tensor) -> None:
        """Look at some of the priors, shape (N, 4); other shapes are left to others.

        Raises:
            ValueError: If they are points.
        """
        if self._done or priors.shape[1:] != (4,) or not len(priors):
            return
        some = priors[:: max(len(priors) // 64, 1)]
        inverted = (some[:, :2] > some[:, 2:]).any(dim=1)
        if bool((some[:, 2] == some[:, 3]).all() & (2 * inverted.sum() > len(some))):
            raise ValueError(
                f"priors must be boxes, xyxy in pixels, but got points with strides such as "
                f"{some[-1].tolist()}; MSLAAssigner and mmdet's DynamicSoftLabelAssigner take "
                "points"
            )
        self._done = True
