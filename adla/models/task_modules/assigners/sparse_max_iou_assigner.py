"""mmdet's MaxIoUAssigner without the matrix of all pairs."""

from typing import Any

import torch
from mmdet.models.task_modules.assigners import AssignResult, BboxOverlaps2D
from mmdet.models.task_modules.assigners.max_iou_assigner import perm_repeat_bboxes
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData
from torch import Tensor

from adla.core.boxes import clean_boxes
from adla.core.limits import limits_of
from adla.core.overlaps import aligned_iou, as_columns, pairwise_iou
from adla.core.pair_search import CandidatePairs, keep_best, largest_iof, near_any

from .assigner_inputs import assigned_labels
from .best_overlaps import BestOverlaps, all_finite, plain_boxes
from .max_iou_in_blocks import MaxIoUInBlocks

#: mmdet divides by at least this area, in square pixels.
SMALLEST_AREA = 1e-6


@TASK_UTILS.register_module()
class SparseMaxIoUAssigner(MaxIoUInBlocks):
    """Give mmdet's ``MaxIoUAssigner`` the pairs that matter, instead of the matrix of all pairs.

    Takes the same arguments and returns the same result. With mmdet's IoU it looks at overlapping
    pairs: the result is the same in every field and bit by bit, in time and memory that grow with
    the number of such pairs. Any other overlap calculator (DotD, NWD and SimD are nowhere zero, so
    no pair can be left out) sees all pairs, a block at a time, see :class:`MaxIoUInBlocks`.
    ``gpu_assign_thr`` has no use here: the work stays on the device of the priors.

    What the stock class does with boxes that overlap nothing is kept: with ``match_low_quality``
    and ``min_pos_iou=0`` a ground truth that no prior overlaps takes all priors, as all tie at 0.

    The stock class itself computes what is too small to gain anything, and what has no meaning
    here: not finite coordinates, half precision, ``pos_iou_thr <= 0``, ``min_pos_iou < 0``.

    Args:
        *args: As for ``MaxIoUAssigner``.
        block_pairs: Pairs measured at once by another calculator than mmdet's IoU; None for what
            suits the device.
        **kwargs: As for ``MaxIoUAssigner``.

    Raises:
        ValueError: If ``block_pairs`` is below 1, or ``perm_repeat_gt_cfg`` comes with another
            calculator: it draws random boxes, which would differ from block to block.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calculator = self.iou_calculator
        self._is_iou = type(calculator) is BboxOverlaps2D and calculator.dtype is None
        if not self._is_iou and self.perm_repeat_gt_cfg is not None:
            raise ValueError(
                f"SparseMaxIoUAssigner knows perm_repeat_gt_cfg with mmdet's IoU only, but got "
                f"{calculator!r}: set perm_repeat_gt_cfg=None"
            )

    @torch.no_grad()
    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs: Any,
    ) -> AssignResult:
        """Assign the priors of one image.

        Args:
            pred_instances: With ``priors`` (N, 4), xyxy in pixels.
            gt_instances: With ``bboxes`` (K, 4), xyxy in pixels, and ``labels`` (K,).
            gt_instances_ignore: With ``bboxes`` (I, 4), or None.
            **kwargs: Ignored, as in the stock class.

        Returns:
            ``gt_inds``, ``max_overlaps`` and ``labels`` of shape (N,), as the stock class.
        """
        if not self._is_iou:
            return self.assign_in_blocks(pred_instances, gt_instances, gt_instances_ignore)
        priors, gt_boxes = plain_boxes(pred_instances.priors), plain_boxes(gt_instances.bboxes)
        ignored = None if gt_instances_ignore is None else plain_boxes(gt_instances_ignore.bboxes)
        if not self._is_for_us(priors, gt_boxes, ignored):
            return super().assign(pred_instances, gt_instances, gt_instances_ignore, **kwargs)
        if self.perm_repeat_gt_cfg is not None:
            gt_boxes = perm_repeat_bboxes(gt_boxes, self.iou_calculator, self.perm_repeat_gt_cfg)
        gt_boxes = clean_boxes(gt_boxes)

        blocked = None
        if self.ignore_iof_thr > 0 and ignored is not None and len(ignored):
            largest = largest_iof(
                clean_boxes(priors),
                clean_boxes(ignored),
                not self.ignore_wrt_candidates,
                SMALLEST_AREA,
            )
            blocked = largest > self.ignore_iof_thr
        best = self._find_best(priors, gt_boxes, blocked)
        gt_inds, max_overlaps = self._decide(best, blocked)
        labels = assigned_labels(gt_inds, gt_instances.labels)
        return AssignResult(len(gt_boxes), gt_inds, max_overlaps, labels=labels)

    def _is_for_us(self, priors: Tensor, gt_boxes: Tensor, ignored: Tensor | None) -> bool:
        """Return whether there is something to gain, and nothing that needs the dense form."""
        if len(priors) * len(gt_boxes) <= limits_of(priors.device).stock_pairs:
            return False
        boxes = [priors, gt_boxes] if ignored is None else [priors, gt_boxes, ignored]
        return (
            self.pos_iou_thr > 0
            and self.min_pos_iou >= 0
            and priors.dtype in (torch.float32, torch.float64)
            and {box.dtype for box in boxes} == {priors.dtype}
            and all_finite(boxes)
        )

    def _find_best(self, priors: Tensor, gt_boxes: Tensor, blocked: Tensor | None) -> BestOverlaps:
        """Look at every overlapping pair once, or, of few, at all pairs."""
        limits = limits_of(priors.device)
        near = near_any(gt_boxes, priors) if limits.free_waits else None
        some = clean_boxes(priors if near is None else priors.index_select(0, near))
        if 0 < len(gt_boxes) * len(some) <= limits.dense_pairs:
            best = self._find_best_of_all(
                some, gt_boxes, blocked if near is None or blocked is None else blocked[near]
            )
            return best if near is None else best.spread(near, len(priors))
        prior_iou, gt_iou = priors.new_zeros(len(priors)), priors.new_zeros(len(gt_boxes))
        prior_gt = torch.zeros_like(prior_iou, dtype=torch.long)
        gt_prior = torch.zeros_like(gt_iou, dtype=torch.long)
        low_quality = torch.zeros_like(prior_gt)
        pairs = CandidatePairs(gt_boxes, some, near)
        columns = (
            as_columns(clean_boxes(priors.index_select(0, pairs.owners))),
            as_columns(gt_boxes),
        )
        for block in pairs.blocks():
            gt, prior = block.queries + block.first, pairs.owners.index_select(0, block.places)
            iou = aligned_iou(
                columns[1].index_select(1, gt),
                columns[0].index_select(1, block.places),
                SMALLEST_AREA,
            )
            if blocked is not None:
                iou = iou.masked_fill(blocked.index_select(0, prior), 0)
            keep_best(prior_iou, prior_gt, prior, iou, gt)
            keep_best(gt_iou, gt_prior, gt, iou, prior)
            if self.match_low_quality and self.gt_max_assign_all:
                # All priors that tie; a later ground truth takes over from an earlier one.
                best = (iou == gt_iou.index_select(0, gt)) & (iou > 0) & (iou >= self.min_pos_iou)
                number = (gt + 1) * best
                if limits.free_waits:
                    some = best.nonzero().squeeze(1)
                    prior, number = prior.index_select(0, some), number.index_select(0, some)
                low_quality.scatter_reduce_(0, prior, number, "amax")
        return BestOverlaps(prior_iou, prior_gt, gt_iou, gt_prior, low_quality)

    def _find_best_of_all(
        self, priors: Tensor, gt_boxes: Tensor, blocked: Tensor | None
    ) -> BestOverlaps:
        """Look at all pairs."""
        iou = pairwise_iou(gt_boxes, priors, SMALLEST_AREA)
        if blocked is not None:
            iou.masked_fill_(blocked, 0)
        (prior_iou, prior_gt), (gt_iou, gt_prior) = iou.max(dim=0), iou.max(dim=1)
        low_quality = torch.zeros_like(prior_gt)
        if self.match_low_quality and self.gt_max_assign_all:
            number = torch.arange(1, len(gt_boxes) + 1, device=iou.device)[:, None]
            best = (iou == gt_iou[:, None]) & (iou > 0) & (iou >= self.min_pos_iou)
            low_quality = (best * number).amax(dim=0)
        return BestOverlaps(prior_iou, prior_gt, gt_iou, gt_prior, low_quality)

    def _decide(self, best: BestOverlaps, blocked: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return ``gt_inds`` and ``max_overlaps`` by the rules of the stock class."""
        overlaps = best.prior_iou
        if blocked is not None:
            overlaps = overlaps.masked_fill(blocked, -1)
        low, high = 0.0, self.neg_iou_thr
        if isinstance(self.neg_iou_thr, tuple):
            low, high = self.neg_iou_thr
        gt_inds = torch.full_like(best.prior_gt, -1)
        if isinstance(self.neg_iou_thr, float | tuple):
            gt_inds = torch.where((overlaps >= low) & (overlaps < high), 0, gt_inds)
        gt_inds = torch.where(overlaps >= self.pos_iou_thr, best.prior_gt + 1, gt_inds)
        if self.match_low_quality:
            matches = self._low_quality(best, blocked)
            gt_inds = torch.where(matches > 0, matches, gt_inds)
        return gt_inds, overlaps

    def _low_quality(self, best: BestOverlaps, blocked: Tensor | None) -> Tensor:
        """Return k + 1 of the last ground truth k that a prior is the best one of, else 0."""
        number = torch.arange(1, len(best.gt_iou) + 1, device=best.gt_iou.device)
        lonely = number * ((best.gt_iou == 0) & (self.min_pos_iou <= 0))
        free = torch.ones_like(best.low_quality) if blocked is None else (~blocked).long()
        if self.gt_max_assign_all:
            return torch.maximum(best.low_quality, lonely.amax() * free)
        matches = best.low_quality.scatter_reduce(
            0,
            best.gt_prior,
            number * ((best.gt_iou > 0) & (best.gt_iou >= self.min_pos_iou)),
            "amax",
        )
        first = free.argmax(keepdim=True)
        return matches.scatter_reduce(0, first, (lonely.amax() * free.amax()).view(1), "amax")
