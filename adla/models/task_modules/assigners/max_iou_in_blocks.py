"""mmdet's MaxIoUAssigner by any overlap calculator, in blocks."""

from typing import Any

import torch
from mmdet.models.task_modules.assigners import AssignResult, MaxIoUAssigner
from mmdet.structures.bbox import get_box_tensor
from mmengine.structures import InstanceData
from torch import Tensor

from adla.core.limits import limits_of

from .assigner_inputs import assigned_labels


class MaxIoUInBlocks(MaxIoUAssigner):
    """Let mmdet's ``MaxIoUAssigner`` see a block of pairs at a time.

    Takes the same arguments and returns the same result for any overlap calculator, also one that
    is nowhere zero (DotD, NWD, SimD), with which no pair can be left out; only the last bit of an
    overlap may depend on the block. Memory grows with the block, not with the number of pairs; up
    to one block the stock class itself is called. Beyond, every pair is measured twice: for the
    best ground truth of a prior and, with ``match_low_quality``, for the best prior of a ground
    truth.

    Args:
        *args: As for ``MaxIoUAssigner``.
        block_pairs: Pairs measured at once; None for what suits the device.
        **kwargs: As for ``MaxIoUAssigner``.

    Raises:
        ValueError: If ``block_pairs`` is below 1.
    """

    def __init__(self, *args: Any, block_pairs: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if block_pairs is not None and block_pairs < 1:
            raise ValueError(f"block_pairs must be at least 1, but got {block_pairs}")
        self.block_pairs = block_pairs

    def assign_in_blocks(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
    ) -> AssignResult:
        """Return what the stock class returns, see :meth:`SparseMaxIoUAssigner.assign`."""
        priors, num_gts = pred_instances.priors, len(gt_instances)
        regions = 0 if gt_instances_ignore is None else len(gt_instances_ignore)
        wider = max(num_gts, regions)
        block_pairs = self._pairs_of(priors)
        if len(priors) * wider <= block_pairs:
            return super().assign(pred_instances, gt_instances, gt_instances_ignore)
        match_low_quality, self.match_low_quality = self.match_low_quality, False
        try:
            parts = [
                super(MaxIoUInBlocks, self).assign(
                    InstanceData(priors=part), gt_instances, gt_instances_ignore
                )
                for part in priors.split(max(block_pairs // wider, 1))
            ]
        finally:
            self.match_low_quality = match_low_quality
        gt_inds, max_overlaps, labels = (
            torch.cat([getattr(part, name) for part in parts])
            for name in ("gt_inds", "max_overlaps", "labels")
        )
        if match_low_quality and num_gts:
            # The stock class marks priors inside ignore regions by an overlap of -1.
            matches = self._low_quality_in_blocks(gt_instances.bboxes, priors, max_overlaps == -1)
            gt_inds = torch.where(matches > 0, matches, gt_inds)
            labels = assigned_labels(gt_inds, gt_instances.labels)
        return AssignResult(num_gts, gt_inds, max_overlaps, labels=labels)

    def _pairs_of(self, priors: Tensor) -> int:
        return self.block_pairs or limits_of(priors.device).ranked_pairs

    def _low_quality_in_blocks(self, gt_boxes: Tensor, priors: Tensor, blocked: Tensor) -> Tensor:
        """Return k + 1 of the last ground truth k that a prior (N,) is a best one of, else 0."""
        matches = torch.zeros_like(blocked, dtype=torch.long)
        number = torch.arange(1, len(gt_boxes) + 1, device=matches.device)
        rows = max(self._pairs_of(priors) // len(priors), 1)
        gt_boxes = get_box_tensor(gt_boxes)
        for some, numbers in zip(gt_boxes.split(rows), number.split(rows), strict=True):
            overlaps = self.iou_calculator(some, priors).masked_fill(blocked, -1)
            best = overlaps.max(dim=1)
            numbers = numbers * (best.values >= self.min_pos_iou)
            if self.gt_max_assign_all:
                ties = (overlaps == best.values[:, None]) * numbers[:, None]
                matches = torch.maximum(matches, ties.amax(dim=0))
            else:
                matches.scatter_reduce_(0, best.indices, numbers, "amax")
        return matches
