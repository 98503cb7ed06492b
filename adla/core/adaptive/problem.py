"""What an engine of the assignment is given."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from .rule import AssignmentRule


class AssignmentProblem(NamedTuple):
    """One image: priors to be decided about, and all that the decision depends on.

    Attributes:
        rule: The metric and the thresholds.
        gt_boxes: Ground truths of shape (K, 4), xyxy in pixels, clean; K > 0.
        priors: Priors of shape (N, 4), xyxy in pixels; any value, also NaN.
        pred_boxes: Regressed boxes of the priors, shape (N, 4), likewise, or None.
        blocked: Shape (N,), bool: priors to which every overlap is 0, or None.
        measure: What takes the place of the IoU, see :func:`assign_adaptive`, or None.
    """

    rule: AssignmentRule
    gt_boxes: Tensor
    priors: Tensor
    pred_boxes: Tensor | None
    blocked: Tensor | None
    measure: Callable[[Tensor, Tensor], Tensor] | None = None

    @property
    def num_pairs(self) -> int:
        """How many pairs of ground truths and priors there are."""
        return len(self.gt_boxes) * len(self.priors)

    def select(self, priors: Tensor) -> "AssignmentProblem":
        """Return the problem with some of the priors, given by their indices."""
        preds, blocked = (
            None if x is None else x.index_select(0, priors)
            for x in (self.pred_boxes, self.blocked)
        )
        chosen = self.priors.index_select(0, priors)
        return self._replace(priors=chosen, pred_boxes=preds, blocked=blocked)
