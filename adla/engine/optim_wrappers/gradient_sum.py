"""Gradients summed over iterations, where mmengine takes their mean."""

from typing import Any

from mmdet.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from torch import Tensor, nn


class GradientSum:
    """Let an optimizer wrapper sum gradients over a number of iterations that may change.

    For YOLOv8, whose losses are those of the whole batch: 4 batches of 16 images then weigh as one
    of 64. The optimizer steps as soon as `accumulative_counts` iterations have passed since its
    last step; what is left at the end of the training is dropped.

    Attributes:
        updated: Whether the optimizer has stepped in the last iteration.
    """

    updated = False
    _last_update = 0

    def accumulate(self, iterations: int) -> None:
        """Sum the gradients of so many iterations from now on, at least 1."""
        self._accumulative_counts = iterations

    def initialize_count_status(self, model: nn.Module, init_counts: int, max_counts: int) -> None:
        """Start to count; gradients summed before an interruption are lost."""
        self._inner_count = self._last_update = init_counts
        self._max_counts = max_counts

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss as it is."""
        return loss

    def should_update(self) -> bool:
        """Tell, after an iteration's backward pass, whether the optimizer steps."""
        self.updated = self._inner_count - self._last_update >= self._accumulative_counts
        if self.updated:
            self._last_update = self._inner_count
        return self.updated

    def should_sync(self) -> bool:
        """Tell, before an iteration's backward pass, whether the optimizer will step."""
        return self._inner_count + 1 - self._last_update >= self._accumulative_counts


@OPTIM_WRAPPERS.register_module()
class SummingOptimWrapper(GradientSum, OptimWrapper):
    """An ``OptimWrapper`` that sums the gradients of `accumulative_counts` iterations.

    Args:
        kwargs: As mmengine's ``OptimWrapper``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
