"""Multi-scale label assignment as an mmdet assigner."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models.task_modules.assigners import AssignResult, BaseAssigner
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import get_box_tensor
from mmengine.structures import InstanceData
from torch import Tensor

from adla.core import TaskAlignment, TaskAlignmentRule, assign_task_aligned
from adla.core.task_aligned import Contested, LevelMetric, SmallSides, SoftTarget


@TASK_UTILS.register_module()
class MSLAAssigner(BaseAssigner):
    """Assign priors by task alignment, with DotD on fine and CIoU on coarse levels.

    "MLSA-YOLOV8: an efficient infrared remote sensing small object detection", section II-A, on the
    task-aligned assignment of TOOD (arXiv 2108.07755) and YOLOv8. What is assigned to what is
    defined in :func:`adla.core.assign_task_aligned`. With ``metrics="ciou"``,
    ``topk_per_level=False``, ``soft_target="ciou"``, ``force_match=False``, ``contested="all"`` and
    ``eps=1e-9`` it is YOLOv8's, see :class:`YOLOv8Assigner`.

    Args:
        metrics: The overlap of each level, finest first, ``dotd`` (Eq. 5) or ``ciou`` (Eq. 2); a
            string alone stands for all levels.
        scale: S of Eq. 6, the mean object size in network pixels, that is after the resizing of the
            pipeline; needed wherever ``dotd`` occurs.
        topk: Candidates of one ground truth, at least 1.
        topk_per_level: Whether each level has ``topk`` candidates of its own; else all share them,
            and the measures compete: DotD is above CIoU for boxes smaller than about 2 S.
        alpha: Exponent of the score in the alignment metric, at least 0.
        beta: Exponent of the overlap in the alignment metric, at least 0.
        gate_stride: On ``dotd`` levels a prior may lie outside a small ground truth, in a box of
            this many strides about its center; above 1, so that the box holds a grid point. A list
            has one for each level, whatever its measure; 0 is the ground truth itself.
        soft_target: What the best positive of a ground truth is to score: its ``iou``, ``ciou`` or
            ``dotd``.
        force_match: Whether every ground truth gets a positive, if need be the nearest prior.
        contested: Who may have a prior that several ground truths chose: those ``choosers``, or
            ``all`` whose gate it is in; it goes to the largest overlap.
        widen_small_sides: Which sides count as long as the second stride in the gate of every
            level: those ``below_first``, shorter than the first stride, or ``below_second``; None
            for none.
        eps: Added to the largest metric of a ground truth, by which target scores are divided.
        strides: The strides of the levels, finest first. If given, priors of other strides are
            refused; :meth:`assign` needs them to tell the levels where it is handed the priors of
            some levels only.
        scores_are_logits: Whether :meth:`assign` is handed logits, as by ``RTMDetHead``.

    Raises:
        ValueError: If an argument is outside its range, or ``dotd`` has no scale.
    """

    def __init__(
        self,
        metrics: LevelMetric | Sequence[LevelMetric] = ("dotd", "ciou", "ciou", "ciou"),
        scale: float | None = None,
        topk: int = 10,
        topk_per_level: bool = True,
        alpha: float = 0.5,
        beta: float = 6.0,
        gate_stride: float | Sequence[float] = 2.0,
        soft_target: SoftTarget = "iou",
        force_match: bool = True,
        strides: Sequence[int] | None = None,
        scores_are_logits: bool = False,
        contested: Contested = "choosers",
        eps: float = 0.0,
        widen_small_sides: SmallSides | None = None,
    ) -> None:
        self.rule = TaskAlignmentRule(
            metrics=metrics,
            scale=scale,
            topk=topk,
            topk_per_level=topk_per_level,
            alpha=alpha,
            beta=beta,
            gate_stride=gate_stride,
            soft_target=soft_target,
            force_match=force_match,
            contested=contested,
            eps=eps,
            widen_small_sides=widen_small_sides,
        )
        self.strides = None if strides is None else tuple(strides)
        self.scores_are_logits = scores_are_logits
        self._seen: set[tuple[int, ...]] = set()  # numbers of priors whose strides were looked at
        if self.strides is not None:
            self.rule.metric_of(0, len(self.strides))  # as many metrics as strides
            self.rule.gate_of(0, len(self.strides))

    needs_predictions = needs_scores = needs_empty_images = True

    def assign_batch(
        self,
        scores: Tensor,
        boxes: Tensor,
        priors: Tensor,
        gt_labels: Tensor,
        gt_boxes: Tensor,
        gt_mask: Tensor,
        num_level_priors: Sequence[int],
    ) -> TaskAlignment:
        """Assign the priors of a padded batch.

        Args:
            scores: Probabilities of shape (B, P, C).
            boxes: Decoded boxes of shape (B, P, 4), xyxy in pixels.
            priors: Shape (P, 4): x, y, stride_w, stride_h, level after level.
            gt_labels: Classes of shape (B, G), int64.
            gt_boxes: Ground truths of shape (B, G, 4), xyxy in pixels.
            gt_mask: Shape (B, G), bool: which ground truths are no padding.
            num_level_priors: How many priors each level has, finest level first.

        Returns:
            The targets ``gt_inds``, ``labels``, ``boxes`` and ``scores`` of all priors, see
            :class:`adla.core.TaskAlignment`.

        Raises:
            ValueError: If shapes, levels or strides do not fit, or a label or a score is out of
                range.
        """
        if self.strides is not None and tuple(num_level_priors) not in self._seen:
            counts = self._level_counts(priors)
            if counts != list(num_level_priors):
                raise ValueError(
                    f"the strides {self.strides} of the assigner do not match the priors: they "
                    f"have {counts} priors of these strides, the levels have "
                    f"{list(num_level_priors)}"
                )
            self._seen.add(tuple(num_level_priors))
        return assign_task_aligned(
            scores, boxes, priors, gt_labels, gt_boxes, gt_mask, num_level_priors, self.rule
        )

    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs: Any,
    ) -> AssignResult:
        """Assign the priors of one image, for stock heads.

        Args:
            pred_instances: With ``priors`` (P, 4): x, y, stride_w, stride_h, level after level, as
                ``MlvlPointGenerator`` gives them; ``bboxes`` (P, 4), xyxy in pixels; ``scores``
                (P, C).
            gt_instances: With ``bboxes`` (G, 4), xyxy in pixels, and ``labels`` (G,).
            gt_instances_ignore: Not used, as in mmdet's ``TaskAlignedAssigner``.
            **kwargs: Not used.

        Returns:
            ``gt_inds`` (P,): 0 negative, k + 1 positive for ground truth k; ``labels`` (P,): its
            class or -1; ``max_overlaps`` and ``assign_metrics`` (P,): the target score.

        Raises:
            ValueError: As in :meth:`assign_batch`.
        """
        priors, scores = pred_instances.priors, pred_instances.scores
        gt_boxes = get_box_tensor(gt_instances.bboxes)
        result = self.assign_batch(
            (scores.sigmoid() if self.scores_are_logits else scores)[None],
            get_box_tensor(pred_instances.bboxes)[None],
            priors,
            gt_instances.labels[None],
            gt_boxes[None],
            torch.ones(1, len(gt_boxes), dtype=torch.bool, device=gt_boxes.device),
            self._level_counts(priors),
        )
        assigned = AssignResult(
            len(gt_boxes), result.gt_inds[0], result.scores[0], labels=result.labels[0]
        )
        assigned.assign_metrics = result.scores[0]
        return assigned

    def _level_counts(self, priors: Tensor) -> list[int]:
        """Return how many priors each level has, told by their strides."""
        strides, counts = torch.unique_consecutive(priors[:, 2], return_counts=True)
        found = dict(zip(strides.tolist(), counts.tolist(), strict=True))
        wanted = self.strides or tuple(found)
        known = len(found) == len(strides) and set(found) <= set(wanted)
        if not known or list(found) != sorted(found):
            raise ValueError(
                "priors must be (x, y, stride_w, stride_h), level after level, with strides "
                f"{'from fine to coarse' if self.strides is None else self.strides}, but the "
                f"third column runs {strides.tolist()[:8]}"
            )
        return [found.get(stride, 0) for stride in wanted]
