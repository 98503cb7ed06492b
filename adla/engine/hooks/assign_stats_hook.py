"""Log how many positives the ground truths get."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from mmdet.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from torch import Tensor

from adla.core import SIZE_BINS, clean_boxes, size_bin_indices
from adla.engine.assigners import find_assigners

_COUNTS = 3  # ground truths, positives, ground truths without any


@HOOKS.register_module()
class AssignStatsHook(Hook):
    """Log the positives per ground truth and the share of ground truths that got none.

    It listens to every assigner of the detector, mmdet's own included, image by image or, where
    the assigner takes whole batches (``assign_batch``), batch by batch, and writes to the message
    hub, so the numbers are in the log and in any visual backend of mmengine: ``pos_per_gt`` and
    ``unassigned_gts``, over all and by size bin (``pos_per_gt_vt``, ``unassigned_gts_t``, ...; a
    bin that had no ground truth in the interval is not written). Sizes are those that the network
    sees. A detector with several assigners gets the path of each as a prefix.

    Args:
        interval: Iterations over which one number is taken.
    """

    priority = "NORMAL"

    def __init__(self, interval: int = 50) -> None:
        if interval < 1:
            raise ValueError(f"AssignStatsHook: interval must be at least 1, but got {interval}")
        self.interval = interval
        self._counts: dict[str, Tensor] = {}
        self._assigners: dict = {}

    def before_train(self, runner: Runner) -> None:
        """Listen to the assigners."""
        self._assigners = find_assigners(runner.model)
        for path, assigner in self._assigners.items():
            if hasattr(assigner, "assign_batch"):  # its assign() is a batch of one
                assigner.assign_batch = self._listening_to_batches(path, assigner.assign_batch)
            else:
                assigner.assign = self._listening(path, assigner.assign)

    def after_train(self, runner: Runner) -> None:
        """Leave the assigners as they were."""
        for assigner in self._assigners.values():
            vars(assigner).pop("assign", None)
            vars(assigner).pop("assign_batch", None)
        self._assigners, self._counts = {}, {}

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Write the numbers of an interval that has ended."""
        if not self.every_n_train_iters(runner, self.interval):
            return
        for path, counts in self._counts.items():
            all_reduce(counts)
            prefix = f"{path}." if len(self._assigners) > 1 else ""
            for name, value in _rates(counts.tolist()).items():
                runner.message_hub.update_scalar(f"train/{prefix}{name}", value)
        self._counts = {}

    def _listening(self, path: str, assign: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(assign)
        def listening(pred_instances: InstanceData, *args: Any, **kwargs: Any) -> Any:
            result = assign(pred_instances, *args, **kwargs)
            gts = kwargs.get("gt_instances")
            if gts is None:
                gts = next(a for a in args if isinstance(a, InstanceData))
            self._add(path, count_by_size(result.gt_inds, gts.bboxes))
            return result

        return listening

    def _listening_to_batches(
        self, path: str, assign_batch: Callable[..., Any]
    ) -> Callable[..., Any]:
        @wraps(assign_batch)
        def listening(
            scores: Tensor,
            boxes: Tensor,
            priors: Tensor,
            gt_labels: Tensor,
            gt_boxes: Tensor,
            gt_mask: Tensor,
            *args: Any,
            **kwargs: Any,
        ) -> Any:
            inputs = (scores, boxes, priors, gt_labels, gt_boxes, gt_mask)
            result = assign_batch(*inputs, *args, **kwargs)
            for inds, gts, mask in zip(result.gt_inds, gt_boxes, gt_mask, strict=True):
                self._add(path, count_by_size(inds, gts, mask))
            return result

        return listening

    def _add(self, path: str, counts: Tensor) -> None:
        self._counts[path] = self._counts[path] + counts if path in self._counts else counts


def count_by_size(gt_inds: Tensor, gt_boxes: Tensor, gt_mask: Tensor | None = None) -> Tensor:
    """Count what the ground truths of one image got.

    Args:
        gt_inds: Assignment of shape (N,): k + 1 for a positive of ground truth k, else at most 0.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels.
        gt_mask: Which of them there are, bool (K,); the others fill up a batch. None for all.

    Returns:
        Counts of shape (size bins, 3), int64: ground truths, positives, ground truths without any.
    """
    counts = gt_inds.new_zeros(len(SIZE_BINS), _COUNTS)
    if not len(gt_boxes):
        return counts
    positives = gt_inds.new_zeros(len(gt_boxes) + 1)
    positives.index_add_(0, gt_inds.clamp(min=0), torch.ones_like(gt_inds))
    positives = positives[1:]
    rows = torch.stack([torch.ones_like(positives), positives, (positives == 0).long()], dim=1)
    if gt_mask is not None:
        rows = rows * gt_mask[:, None]
    return counts.index_add_(0, size_bin_indices(clean_boxes(gt_boxes)), rows)


def _rates(counts: list[list[int]]) -> dict[str, float]:
    """Return the named numbers of a table of counts (size bins, 3)."""
    table = {"": [sum(column) for column in zip(*counts, strict=True)]}
    table |= {f"_{name}": row for name, row in zip(SIZE_BINS, counts, strict=True)}
    rates = {}
    for suffix, (num_gts, positives, unassigned) in table.items():
        if num_gts:
            rates[f"pos_per_gt{suffix}"] = positives / num_gts
            rates[f"unassigned_gts{suffix}"] = unassigned / num_gts
    return rates
