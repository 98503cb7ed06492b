"""How well predictions are aligned with ground truths, pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..limits import limits_of
from .batch_targets import BatchTargets
from .rule import TaskAlignmentRule


@dataclass(frozen=True)
class AlignmentMeasure:
    """The predictions of B images with P priors, against N ground truths.

    Its methods take M pairs: ``gt``, indices into the targets, and ``prior``, both of shape (M,).
    They compute in float64.

    Attributes:
        scores: Probabilities of shape (B * P, C).
        boxes: Predicted boxes of shape (B * P, 4), xyxy in pixels.
        levels: The level of each prior, shape (P,).
        metrics: The overlap of each level.
        targets: The ground truths.
        rule: Exponents and the kind of the target score.
    """

    scores: Tensor
    boxes: Tensor
    levels: Tensor
    metrics: Sequence[str]
    targets: BatchTargets
    rule: TaskAlignmentRule

    def places(self, gt: Tensor, prior: Tensor) -> Tensor:
        """Return the rows of the pairs among the B * P predictions."""
        return self.targets.image[gt] * len(self.levels) + prior

    def overlap(self, gt: Tensor, prior: Tensor) -> Tensor:
        """Return the overlap by the measure of the prior's level, in [0, 1]."""
        predicted, wanted = self._boxes(gt, prior)
        level, overlap = self.levels[prior], predicted.new_zeros(len(gt))
        for kind in dict.fromkeys(self.metrics):
            here = torch.zeros_like(level, dtype=torch.bool)
            for index, metric in enumerate(self.metrics):
                if metric == kind:
                    here |= level == index
            if limits_of(level.device).free_waits:
                overlap[here] = self.rule.overlap(kind, predicted[here], wanted[here])
            else:
                overlap = torch.where(here, self.rule.overlap(kind, predicted, wanted), overlap)
        return overlap

    def metric(self, gt: Tensor, prior: Tensor, overlap: Tensor) -> Tensor:
        """Return ``score^alpha * overlap^beta``, in [0, 1]; a score of NaN counts as 0."""
        score = self._scores(gt, prior).nan_to_num(nan=0.0)
        return score**self.rule.alpha * overlap**self.rule.beta

    def no_probabilities(self, gt: Tensor, prior: Tensor) -> Tensor:
        """Tell, bool (), whether any score is no probability."""
        score = self._scores(gt, prior)
        return ((score < 0) | (score > 1)).any()

    def _scores(self, gt: Tensor, prior: Tensor) -> Tensor:
        """Return the scores of the classes of the ground truths."""
        return self.scores[self.places(gt, prior), self.targets.labels[gt]].double()

    def groups(self, gt: Tensor, prior: Tensor) -> Tensor:
        """Return within what a pair competes: its ground truth, or that on its level."""
        if not self.rule.topk_per_level:
            return gt
        return gt * len(self.metrics) + self.levels[prior]

    def target_scores(self, gt: Tensor, prior: Tensor) -> Tensor:
        """Return the target scores of the positive pairs, in [0, 1]."""
        metric = self.metric(gt, prior, self.overlap(gt, prior))
        soft = self.rule.overlap(self.rule.soft_target, *self._boxes(gt, prior))
        groups = self.groups(gt, prior)
        zeros = metric.new_zeros(len(self.targets.boxes) * len(self.metrics))
        best_metric = zeros.scatter_reduce(0, groups, metric, "amax")[groups]
        best_soft = zeros.scatter_reduce(0, groups, soft, "amax")[groups]
        if self.rule.eps:
            return metric * best_soft / (best_metric + self.rule.eps)
        share = metric / best_metric.masked_fill(best_metric <= 0, 1)
        return torch.where(best_metric > 0, share * best_soft, soft)

    def _boxes(self, gt: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
        """Return the predicted and the wanted boxes, each of shape (M, 4)."""
        return self.boxes[self.places(gt, prior)].double(), self.targets.boxes[gt].double()
