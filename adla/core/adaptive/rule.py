"""What makes a prior positive, negative or ignored: a metric and two thresholds."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from .dynamic_iou import dynamic_iou, matching_degree
from .thresholds import adaptive_thresholds

Metric = Literal["dynamic_iou", "matching_degree", "anchor_iou"]
MaxPositives = int | Literal["anchor_iou"] | None


@dataclass(frozen=True)
class AssignmentRule:
    """What makes a prior positive, negative or ignored.

    Attributes:
        metric: ``dynamic_iou`` (Eq. 8), ``matching_degree`` (Eq. 6) or ``anchor_iou``.
        alpha: Weight of the anchor, in [0, 1].
        gamma: Exponent of the penalty, above 0.
        beta: Weight of the penalty of ``dynamic_iou``, at least 0; None means ``1 - alpha``.
        adaptive_threshold: Whether thresholds follow Eq. 1 to 5; else the two fixed ones hold.
        p_tp, p_tn: Factors of Eq. 1 and 2, in [0.5, 1].
        t_pos_min, t_neg_min: Lower bounds of the thresholds, 0 <= t_neg_min <= t_pos_min < 1.
        pos_iou_thr, neg_iou_thr: Fixed thresholds, 0 <= neg_iou_thr <= pos_iou_thr < 1.
        force_match: Whether a ground truth without positive takes its best free prior.
        max_positives: How many positives a ground truth keeps, at least 1; ``anchor_iou``: as many
            as that metric gives it, at least 1; None for all.

    Raises:
        ValueError: If an attribute is outside its range.
    """

    metric: Metric = "dynamic_iou"
    alpha: float = 1.0
    gamma: float = 1.5
    beta: float | None = None
    adaptive_threshold: bool = True
    p_tp: float = 3 / 4
    p_tn: float = 4 / 5
    t_pos_min: float = 0.1
    t_neg_min: float = 0.05
    pos_iou_thr: float = 0.5
    neg_iou_thr: float = 0.4
    force_match: bool = False
    max_positives: MaxPositives = None

    def __post_init__(self) -> None:
        """Refuse values that have no meaning."""

        def check(ok: bool, name: str, wanted: str) -> None:
            if not ok:
                raise ValueError(f"{name} must be {wanted}, but got {getattr(self, name)!r}")

        check(self.metric in get_args(Metric), "metric", "one of " + ", ".join(get_args(Metric)))
        check(0 <= self.alpha <= 1, "alpha", "in [0, 1]")
        check(self.gamma > 0, "gamma", "above 0")
        check(self.beta is None or self.beta >= 0, "beta", "None or at least 0")
        check(0.5 <= self.p_tp <= 1, "p_tp", "in [0.5, 1]")
        check(0.5 <= self.p_tn <= 1, "p_tn", "in [0.5, 1]")
        count = self.max_positives
        is_bound = count in (None, "anchor_iou") or (isinstance(count, int) and count >= 1)
        check(is_bound, "max_positives", "None, 'anchor_iou' or a count of at least 1")
        for upper, lower in (("t_pos_min", "t_neg_min"), ("pos_iou_thr", "neg_iou_thr")):
            limit = getattr(self, upper)
            check(0 <= limit < 1, upper, "in [0, 1)")
            check(0 <= getattr(self, lower) <= limit, lower, f"in [0, {upper}={limit}]")

    @property
    def needs_predictions(self) -> bool:
        """Whether the regressed boxes can change the result."""
        if self.metric == "dynamic_iou":
            return self.alpha < 1 or bool(self.beta)
        return self.metric == "matching_degree"

    def measure(self, anchor_iou: Tensor, regressed_iou: Tensor | None) -> Tensor:
        """Return the metric from two overlaps of one shape, in that shape; 0 where both are 0."""
        if regressed_iou is None or not self.needs_predictions:
            return anchor_iou
        if self.metric == "matching_degree":
            return matching_degree(anchor_iou, regressed_iou, self.alpha, self.gamma)
        return dynamic_iou(anchor_iou, regressed_iou, self.alpha, self.gamma, self.beta)

    def thresholds(self, iou_max: Tensor, gt_boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``T_p`` and ``T_n``, shape (K,), from IoU_max (K,) and the boxes (K, 4)."""
        if not self.adaptive_threshold:
            fixed = gt_boxes.new_empty(len(gt_boxes))
            return fixed.fill_(self.pos_iou_thr), torch.full_like(fixed, self.neg_iou_thr)
        return adaptive_thresholds(
            iou_max, gt_boxes, self.p_tp, self.p_tn, self.t_pos_min, self.t_neg_min
        )
