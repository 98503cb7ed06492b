"""Assign by rank: NWD-RKA and RFLA's hierarchical assignment as mmdet assigners."""

from collections.abc import Sequence

import torch
from mmdet.models.task_modules.assigners import AssignResult, BaseAssigner
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import get_box_tensor
from mmengine.structures import InstanceData
from torch import Tensor

from adla.core import assign_hierarchical, assign_ranked, clean_boxes
from adla.core.pair_search import largest_iof
from adla.core.ranked import RankedAssignment

from .assigner_inputs import PointCheck, assigned_labels, checked_iof_thr, in_atss_order_too


@TASK_UTILS.register_module()
class RankingAssigner(BaseAssigner):
    """Give every ground truth its best priors by any overlap calculator.

    With ``NWDOverlaps2D`` this is the ranking-based assignment of NWD-RKA (arXiv 2206.13996). The
    rule and what happens to a prior that several ground truths rank is defined in
    :func:`adla.core.assign_ranked`. The priors are measured in blocks: memory does not grow with
    the number of ground truths.

    Args:
        iou_calculator: Config of the overlap calculator, with values of at least 0.
        topk: How many priors a ground truth takes, at least 1.
        neg_thr: A prior that no ground truth takes is negative if its overlap with every ground
            truth is below this, in (0, 1], else it is ignored; None makes all of them negative.
        ignore_iof_thr: Priors with a larger share of their area in one ignore region are neither
            ranked nor negative; values up to 0 switch the regions off.

    Raises:
        ValueError: If an argument is outside its range.
    """

    def __init__(
        self,
        iou_calculator: dict,
        topk: int = 2,
        neg_thr: float | None = 0.3,
        ignore_iof_thr: float = -1,
    ) -> None:
        _check_count("topk", topk)
        if neg_thr is not None and not 0 < neg_thr <= 1:
            raise ValueError(f"neg_thr must be in (0, 1], or None, but got {neg_thr!r}")
        self.iou_calculator = TASK_UTILS.build(iou_calculator)
        self._refuse_points = PointCheck()
        self.topk = topk
        self.neg_thr = neg_thr
        self.ignore_iof_thr = checked_iof_thr(ignore_iof_thr)

    @in_atss_order_too
    @torch.no_grad()
    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs: object,
    ) -> AssignResult:
        """Assign every prior of one image; ATSS's ``num_level_priors`` may come second.

        Args:
            pred_instances: With ``priors`` (N, 4), xyxy boxes in pixels.
            gt_instances: With ``bboxes`` (K, 4), xyxy in pixels, and ``labels`` (K,).
            gt_instances_ignore: With ``bboxes`` (I, 4), or None.
            **kwargs: Not used.

        Returns:
            ``gt_inds`` (N,): -1 ignored, 0 negative, k + 1 positive for ground truth k;
            ``max_overlaps`` (N,): the overlap with the assigned ground truth if positive, else
            with the best one, -1 inside an ignore region; ``labels`` (N,): the class of the ground
            truth, -1 where there is none.
        """
        gt_boxes, priors = (
            get_box_tensor(boxes)[..., :4] for boxes in (gt_instances.bboxes, pred_instances.priors)
        )
        self._refuse_points(priors)
        ignored, free = gt_instances_ignore, None
        if self.ignore_iof_thr > 0 and ignored is not None and len(ignored) and len(priors):
            regions = clean_boxes(get_box_tensor(ignored.bboxes)[..., :4])
            largest = largest_iof(clean_boxes(priors), regions)
            free = (largest <= self.ignore_iof_thr).nonzero().squeeze(1)

        ranked = self.rank(gt_boxes, priors if free is None else priors.index_select(0, free))
        taken = ranked.gt_inds > 0
        gt_inds, overlaps = ranked.gt_inds, torch.where(taken, ranked.overlaps, ranked.best)
        if self.neg_thr is not None:
            gt_inds = gt_inds.masked_fill(~taken & (ranked.best >= self.neg_thr), -1)
        if free is not None:
            gt_inds = gt_inds.new_full((len(priors),), -1).index_copy_(0, free, gt_inds)
            overlaps = overlaps.new_full((len(priors),), -1).index_copy_(0, free, overlaps)

        labels = assigned_labels(gt_inds, gt_instances.labels)
        return AssignResult(len(gt_boxes), gt_inds, overlaps, labels=labels)

    def rank(self, gt_boxes: Tensor, priors: Tensor) -> RankedAssignment:
        """Return which priors (N, 4) the ground truths (K, 4) take."""
        return assign_ranked(self.iou_calculator, gt_boxes, priors, self.topk)


@TASK_UTILS.register_module()
class HierarchicalAssigner(RankingAssigner):
    """Rank receptive fields twice, the second time with a decayed radius: RFLA's assignment.

    "RFLA: Gaussian Receptive Field based Label Assignment for Tiny Object Detection" (arXiv
    2208.08738). The priors are to be effective receptive fields, as ``ReceptiveFieldGenerator``
    makes them; they are never changed. Both stages are defined in
    :func:`adla.core.assign_hierarchical`.

    Args:
        iou_calculator: Config of the overlap calculator; None means ``RFDOverlaps2D`` by KLD.
        topk: How many priors a ground truth takes in each of the two stages, at least 1.
        ratio: By what the second stage multiplies the radius, in (0, 1].
        neg_thr: As in ``RankingAssigner``; measured before the decay.
        ignore_iof_thr: As in ``RankingAssigner``.

    Raises:
        ValueError: If ``topk`` is not two numbers of at least 1, or the ratio is out of range.
    """

    def __init__(
        self,
        iou_calculator: dict | None = None,
        topk: Sequence[int] = (3, 1),
        ratio: float = 0.9,
        neg_thr: float | None = 0.8,
        ignore_iof_thr: float = -1,
    ) -> None:
        if not isinstance(topk, Sequence) or len(topk) != 2:
            raise ValueError(f"topk must be two numbers, one for each stage, but got {topk!r}")
        for number in topk:
            _check_count("topk", number)
        if not 0 < ratio <= 1:
            raise ValueError(f"ratio, the decay of the radius, must be in (0, 1], but got {ratio}")
        super().__init__(
            iou_calculator or {"type": "RFDOverlaps2D"}, topk[0], neg_thr, ignore_iof_thr
        )
        self.topk = tuple(topk)
        self.ratio = ratio

    def rank(self, gt_boxes: Tensor, priors: Tensor) -> RankedAssignment:
        """Return which priors (N, 4) the ground truths (K, 4) take."""
        return assign_hierarchical(self.iou_calculator, gt_boxes, priors, self.topk, self.ratio)


def _check_count(name: str, value: int) -> None:
    """Refuse a number of priors that is none."""
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must count at least 1 prior, but got {value!r}")
