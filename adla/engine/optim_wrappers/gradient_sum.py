"""Gradients summed over iterations, where mmengine takes their mean."""

from typing import Any

from mmdet.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from torch import Tensor, nn


class GradientSum(OptimWrapper):
    """A wrapper that can sum gradients over a number of iterations, which may change.

    For YOLOv8, whose losses are those of the whole batch: 4 batches of 16 images then weigh as one
    of 64. The optimizer steps as soon as `accumulative_counts` iterations have passed since its
    last step; what is left at the end of the training is dropped.

    Attributes:
        sum_gradients: Whether it does; else it takes their mean as mmengine does.
        updated: Whether the optimizer has stepped in the last iteration.
    """

    sum_gradients = False
    updated = False
    _last_update = 0

    def accumulate(self, iterations: int) -> None:
        """Sum the gradients of so many iterations from now on, at least 1."""
        self._accumulative_counts = iterations

    def initialize_count_status(self, model: nn.Module, init_counts: int, max_counts: int) -> None:
        """Start to count; gradients summed before an interruption are lost."""
        if not self.sum_gradients:
            super().initialize_count_status(model, init_counts, max_counts)
            return
        self._inner_count = self._last_update = init_counts
        self._max_counts = max_counts

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss as it is, or what makes it a part of a mean."""
        return loss if self.sum_gradients else super().scale_loss(loss)

    def should_update(self) -> bool:
        """Tell, after an iteration's backward pass, whether the optimizer steps."""
        if not self.sum_gradients:
            self.updated = super().should_update()
            return self.updated
        self.updated = self._inner_count - self._last_update >= self._accumulative_counts
        if self.updated:
            self._last_update = self._inner_count
        return self.updated

    def should_sync(self) -> bool:
        """Tell, before an iteration's backward pass, whether the optimizer will step."""
        if not self.sum_gradients:
            return super().should_sync()
        return self._inner_count + 1 - self._last_update >= self._accumulative_counts


@OPTIM_WRAPPERS.register_module()
class SummingOptimWrapper(GradientSum):
    """An ``OptimWrapper`` that sums the gradients of `accumulative_counts` iterations.

    In mixed precision (``--amp``) ``MixedPrecisionOptimWrapper`` takes its place and its arguments.

    Args:
        sum_gradients: Whether they are summed; else their mean is taken, as in mmengine.
        kwargs: As mmengine's ``OptimWrapper``.
    """

    def __init__(self, sum_gradients: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sum_gradients = sum_gradients
