"""What task-aligned assignment measures on each level, and how it picks positives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ..overlaps import check_scale, ciou, dotd, iou

LevelMetric = Literal["dotd", "ciou"]
SoftTarget = Literal["iou", "ciou", "dotd"]
Contested = Literal["choosers", "all"]
SmallSides = Literal["below_first", "below_second"]


@dataclass(frozen=True)
class TaskAlignmentRule:
    """What task-aligned assignment measures on each level, and how it picks positives.

    Attributes:
        metrics: The overlap of each level, finest first, ``dotd`` or ``ciou``; a string alone
            stands for all levels.
        scale: S of Eq. 6, the mean object size in network pixels; needed wherever ``dotd`` occurs.
        topk: Candidates of one ground truth, at least 1.
        topk_per_level: Whether each level has ``topk`` candidates of its own; else all share them.
        alpha, beta: Exponents of score and overlap in the alignment metric, at least 0.
        gate_stride: Smallest side of the center gate in strides: one number above 1 for ``dotd``
            levels, or a list with one for each level, where 0 is the box itself.
        soft_target: What the target score of a ground truth's best positive is: its ``iou``,
            ``ciou`` or ``dotd``.
        force_match: Whether every ground truth gets a positive.
        contested: Among whom a prior that several ground truths chose goes to the largest overlap:
            those ``choosers``, or ``all`` whose gate it is in.
        widen_small_sides: Which sides count as long as the second stride in the gate of every
            level: those ``below_first``, shorter than the first stride, or ``below_second``; None
            for none.
        eps: What is added to the largest metric of a ground truth before the target scores are
            divided by it, at least 0. With 1e-9 targets of few pixels have scores near 0.

    Raises:
        ValueError: If an attribute is outside its range, or ``dotd`` has no scale.
    """

    metrics: LevelMetric | Sequence[LevelMetric] = ("dotd", "ciou", "ciou", "ciou")
    scale: float | None = None
    topk: int = 10
    topk_per_level: bool = True
    alpha: float = 0.5
    beta: float = 6.0
    gate_stride: float | Sequence[float] = 2.0
    soft_target: SoftTarget = "iou"
    force_match: bool = True
    contested: Contested = "choosers"
    eps: float = 0.0
    widen_small_sides: SmallSides | None = None

    def __post_init__(self) -> None:
        """Refuse values that have no meaning."""

        def check(ok: bool, name: str, wanted: str) -> None:
            if not ok:
                raise ValueError(f"{name} must be {wanted}, but got {getattr(self, name)!r}")

        known, soft = get_args(LevelMetric), get_args(SoftTarget)
        named = (self.metrics,) if isinstance(self.metrics, str) else tuple(self.metrics)
        check(
            bool(named) and all(metric in known for metric in named),
            "metrics",
            f"one of {', '.join(known)}, or a list of them with one for each level",
        )
        check(self.soft_target in soft, "soft_target", "one of " + ", ".join(soft))
        check(isinstance(self.topk, int) and self.topk >= 1, "topk", "a whole number from 1 on")
        check(self.alpha >= 0, "alpha", "at least 0")
        check(self.beta >= 0, "beta", "at least 0")
        # An open interval of one stride can lie between two grid points.
        if isinstance(self.gate_stride, (int, float)):
            check(self.gate_stride > 1, "gate_stride", "above 1")
        else:
            check(
                all(gate > 1 or gate == 0 for gate in self.gate_stride),
                "gate_stride",
                "a list of 0 and numbers above 1, one for each level",
            )
        check(self.contested in get_args(Contested), "contested", "'choosers' or 'all'")
        check(0 <= self.eps < 1, "eps", "in [0, 1)")
        check(
            self.widen_small_sides in (None, *get_args(SmallSides)),
            "widen_small_sides",
            f"None, {' or '.join(map(repr, get_args(SmallSides)))}",
        )
        if "dotd" in (*named, self.soft_target):
            where = [f"metrics[{i}]" for i, metric in enumerate(named) if metric == "dotd"]
            where += ["soft_target"] if self.soft_target == "dotd" else []
            if self.scale is None:
                raise ValueError(
                    f"{' and '.join(where)} is 'dotd', which needs scale, the mean object size in "
                    "network pixels (Eq. 6); set scale, or use 'ciou'"
                )
            check_scale(self.scale)

    def metric_of(self, level: int, num_levels: int) -> LevelMetric:
        """Return the overlap of a level.

        Raises:
            ValueError: If the levels are not as many as the metrics.
        """
        if isinstance(self.metrics, str):
            return self.metrics
        if len(self.metrics) != num_levels:
            raise ValueError(
                f"metrics names {len(self.metrics)} levels {tuple(self.metrics)}, but the "
                f"predictions have {num_levels}; give one metric for each stride of the head"
            )
        return self.metrics[level]

    def gate_of(self, level: int, num_levels: int) -> float:
        """Return the smallest side of the gate on a level, in strides; 0 is the box itself.

        Raises:
            ValueError: If the levels are not as many as the gates.
        """
        if isinstance(self.gate_stride, (int, float)):
            return self.gate_stride if self.metric_of(level, num_levels) == "dotd" else 0.0
        if len(self.gate_stride) != num_levels:
            raise ValueError(
                f"gate_stride names {len(self.gate_stride)} levels {tuple(self.gate_stride)}, but "
                f"the predictions have {num_levels}; give one number for each stride of the head"
            )
        return self.gate_stride[level]

    def overlap(self, kind: str, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Return an overlap of boxes (..., 4), in [0, 1]; what is below 1e-9, or NaN, is 0."""
        if kind == "dotd":
            assert self.scale is not None  # __post_init__ has seen to it
            value = dotd(boxes1, boxes2, self.scale)
        else:
            value = {"iou": iou, "ciou": ciou}[kind](boxes1, boxes2)
        # Rounding must not decide whether an overlap of 0 makes a positive.
        return torch.where(value >= 1e-9, value, 0)
