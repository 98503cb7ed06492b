"""An average of the weights over the steps of the optimizer."""

import math
from typing import Any

from mmdet.registry import HOOKS, MODELS
from mmengine.hooks import EMAHook
from mmengine.model import ExponentialMovingAverage
from mmengine.runner import Runner
from torch import Tensor, nn


@MODELS.register_module()
class RampedEMA(ExponentialMovingAverage):
    """YOLOv8's average of parameters and buffers.

    In the k-th update the old average keeps a share of ``decay (1 - exp(-k / tau))``. mmdet's
    ``ExpMomentumEMA`` has that curve, but takes the weights of the first update as they are.

    Args:
        model: The model to average.
        decay: What the share tends to, in (0, 1).
        tau: Updates in which it grows.
        kwargs: As mmengine's ``ExponentialMovingAverage``, but for `momentum`.
    """

    def __init__(
        self, model: nn.Module, decay: float = 0.9999, tau: float = 2000.0, **kwargs: Any
    ) -> None:
        super().__init__(model, momentum=1 - decay, update_buffers=True, **kwargs)
        self.decay, self.tau = decay, tau
        self.steps += 1  # at 0 mmengine would copy

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: int) -> None:
        """Average in place; `steps` counts from 1."""
        share = self.decay * (1 - math.exp(-float(steps) / self.tau))
        averaged_param.lerp_(source_param, 1 - share)


@HOOKS.register_module()
class UpdateEMAHook(EMAHook):
    """``EMAHook`` that averages after the steps of the optimizer, not after iterations.

    They differ where gradients are accumulated, see :class:`adla.engine.SummingOptimWrapper`.

    Args:
        ema_type: The kind of average.
        kwargs: As mmengine's ``EMAHook``.
    """

    def __init__(self, ema_type: str = "RampedEMA", **kwargs: Any) -> None:
        super().__init__(ema_type=ema_type, **kwargs)

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Average if the optimizer has stepped."""
        if getattr(runner.optim_wrapper, "updated", True):
            super().after_train_iter(runner, *args, **kwargs)
