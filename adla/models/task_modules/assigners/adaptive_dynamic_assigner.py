"""Adaptive dynamic label assignment as an mmdet assigner."""

import logging
from dataclasses import replace
from typing import get_args

from mmdet.models.task_modules.assigners import AssignResult, BaseAssigner
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import get_box_tensor
from mmengine.logging import print_log
from mmengine.structures import InstanceData

from adla.core import AssignmentRule, alpha_at, assign_adaptive
from adla.core.adaptive import ALPHA_DECAY, Engine, MaxPositives, Metric

from ..overlaps.iou_shift import Calibration, build_measure
from .assigner_inputs import PointCheck, assigned_labels, checked_iof_thr, in_atss_order_too


@TASK_UTILS.register_module()
class AdaptiveDynamicAssigner(BaseAssigner):
    """Assign priors by two thresholds of every ground truth and a dynamic IoU.

    "Adaptive Dynamic Label Assignment for Tiny Object Detection in Aerial Images"
    (10.1109/JSTARS.2024.3379515), Eq. 1 to 10, on the IoU or on any other measure. The rule is
    that of :func:`adla.core.assign_adaptive`. The regressed boxes come as
    ``pred_instances.bboxes``, which adla's heads provide; without them the anchors alone decide,
    and a warning says so once.

    Args:
        alpha0: Weight of the anchor in the second half of the training, in [0, 1] (Eq. 10).
        gamma: Exponent of the penalty on a change of the IoU, above 0 (Eq. 8).
        beta: Weight of the penalty, at least 0; None means ``1 - alpha`` (Eq. 9).
        metric: ``dynamic_iou`` (Eq. 8), ``matching_degree`` (Eq. 6) or ``anchor_iou``.
        p_tp: Factor of Eq. 1 (``P_Tp`` of Table VII), in [0.5, 1].
        p_tn: Factor of Eq. 2 (``P_Tn`` of Table VII), in [0.5, 1].
        t_pos_min: Lower bound of the positive thresholds, in [0, 1) (Eq. 5a).
        t_neg_min: Lower bound of the negative thresholds, in [0, t_pos_min] (Eq. 5b).
        adaptive_threshold: Whether every ground truth has thresholds of its own; False uses
            ``pos_iou_thr`` and ``neg_iou_thr`` for all.
        pos_iou_thr: Fixed positive threshold, in [0, 1).
        neg_iou_thr: Fixed negative threshold, in [0, pos_iou_thr].
        ignore_iof_thr: Priors with a larger share of their area in one ignore region are neither
            positive nor negative; values up to 0 switch the regions off.
        force_match: Whether a ground truth without positive takes its best free prior.
        decay: Progress at which alpha starts to fall and at which it has reached ``alpha0``,
            0 <= start < end <= 1 (Eq. 10).
        engine: ``auto``, ``sparse`` or ``dense``, as for :func:`adla.core.assign_adaptive`.
        max_positives: How many positives a ground truth keeps, the best ones, at least 1; the
            others are ignored. ``anchor_iou``: as many as the anchors alone give. None for all.
        iou_calculator: Config of an overlap calculator with values in [0, 1] that takes the place
            of the IoU, for anchors, regressed boxes and thresholds; None for the IoU.
        calibration: ``iou_shift`` brings the calculator's values to the scale of the IoU, which
            the thresholds are made for; None takes them as they are. For NWD, RFD, DotD and SimD,
            see ``docs/any-measure.md``.

    Raises:
        ValueError: If an argument is outside its range, or the calibration has no calculator that
            it knows.
    """

    def __init__(
        self,
        alpha0: float = 0.6,
        gamma: float = 1.5,
        beta: float | None = None,
        metric: Metric = "dynamic_iou",
        p_tp: float = 3 / 4,
        p_tn: float = 4 / 5,
        t_pos_min: float = 0.1,
        t_neg_min: float = 0.05,
        adaptive_threshold: bool = True,
        pos_iou_thr: float = 0.5,
        neg_iou_thr: float = 0.4,
        ignore_iof_thr: float = -1,
        force_match: bool = False,
        decay: tuple[float, float] = ALPHA_DECAY,
        engine: Engine = "auto",
        max_positives: MaxPositives = None,
        iou_calculator: dict | None = None,
        calibration: Calibration = None,
    ) -> None:
        if not 0 <= alpha0 <= 1:
            raise ValueError(f"alpha0 must be in [0, 1], but got {alpha0!r}")
        alpha_at(0, alpha0, decay)  # refuses a decay that is none
        self.alpha0, self.decay = alpha0, decay
        if engine not in get_args(Engine):
            raise ValueError(f"engine must be one of {get_args(Engine)}, but got {engine!r}")
        self.engine = engine
        self.ignore_iof_thr = checked_iof_thr(ignore_iof_thr)
        self.progress: float | None = None
        self._has_warned = False
        self._refuse_points = PointCheck()
        self.rule = AssignmentRule(
            metric=metric,
            gamma=gamma,
            beta=beta,
            adaptive_threshold=adaptive_threshold,
            p_tp=p_tp,
            p_tn=p_tn,
            t_pos_min=t_pos_min,
            t_neg_min=t_neg_min,
            pos_iou_thr=pos_iou_thr,
            neg_iou_thr=neg_iou_thr,
            force_match=force_match,
            max_positives=max_positives,
        )
        self.measure = build_measure(iou_calculator, calibration)

    @property
    def needs_predictions(self) -> bool:
        """Whether regressed boxes can change the result at the present progress."""
        return self.rule.needs_predictions

    @property
    def needs_progress(self) -> bool:
        """Whether the result depends on a progress that nobody has set yet."""
        return self.progress is None and self.rule.metric != "anchor_iou" and self.alpha0 < 1

    def set_progress(self, progress: float) -> None:
        """Set alpha from the share of the training that is done (``AssignProgressHook`` calls it).

        Until the first call alpha is 1, as at the start of a training.

        Args:
            progress: Share of the training that is done, in [0, 1].

        Raises:
            ValueError: If the progress is outside [0, 1].
        """
        self.rule = replace(self.rule, alpha=alpha_at(progress, self.alpha0, self.decay))
        self.progress = progress

    @in_atss_order_too
    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs: object,
    ) -> AssignResult:
        """Assign every prior of one image; ATSS's ``num_level_priors`` may come second.

        Args:
            pred_instances: With ``priors`` (N, 4), xyxy boxes in pixels, and, where the head hands
                them over, ``bboxes`` (N, 4), the regressed boxes.
            gt_instances: With ``bboxes`` (K, 4), xyxy in pixels, and ``labels`` (K,).
            gt_instances_ignore: With ``bboxes`` (I, 4), or None.
            **kwargs: Not used.

        Returns:
            ``gt_inds`` (N,): -1 ignored, 0 negative, k + 1 positive for ground truth k;
            ``max_overlaps`` (N,): the metric, see :class:`adla.core.AdaptiveAssignment`;
            ``labels`` (N,): the class of the ground truth, -1 where there is none.
        """
        gt_boxes = get_box_tensor(gt_instances.bboxes)
        priors, pred_boxes = get_box_tensor(pred_instances.priors), None
        self._refuse_points(priors)
        if "bboxes" in pred_instances:
            pred_boxes = get_box_tensor(pred_instances.bboxes)
        elif len(gt_boxes) and (self.needs_predictions or self.needs_progress):
            self._warn_of_missing_predictions()
        ignored = gt_instances_ignore
        result = assign_adaptive(
            priors,
            gt_boxes,
            self.rule,
            pred_boxes=pred_boxes,
            ignore_boxes=None if ignored is None else get_box_tensor(ignored.bboxes),
            ignore_iof_thr=self.ignore_iof_thr,
            engine=self.engine,
            measure=self.measure,
        )
        labels = assigned_labels(result.gt_inds, gt_instances.labels)
        return AssignResult(len(gt_boxes), result.gt_inds, result.max_overlaps, labels=labels)

    def _warn_of_missing_predictions(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            print_log(
                f"AdaptiveDynamicAssigner with metric={self.rule.metric!r} gets no predictions "
                "from the head, so the anchors alone decide: use AdlaRetinaHead, "
                "AdlaRPNHead or another head of adla, or say metric='anchor_iou'",
                logger="current",
                level=logging.WARNING,
            )
