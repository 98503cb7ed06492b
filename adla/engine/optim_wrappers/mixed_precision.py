"""One switch for mixed precision, on GPUs and on CPUs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmdet.registry import OPTIM_WRAPPERS
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn

from adla.compat.processor import bf16_units

from .gradient_sum import GradientSum
from .network_autocast import autocast_network


@OPTIM_WRAPPERS.register_module()
class MixedPrecisionOptimWrapper(GradientSum, AmpOptimWrapper):
    """Train the network in 16 bits; predictions, assignment and losses stay in fp32.

    On a GPU it is mmengine's `AmpOptimWrapper`, with autocast around the network only. On a CPU
    the network computes in bfloat16, without a loss scale; a processor without bf16 units stays in
    fp32, which the log says. `adla train CONFIG --amp` uses it.

    Args:
        dtype: 'float16' or 'bfloat16'. None: float16 on a GPU, bfloat16 on a CPU.
        loss_scale: As `AmpOptimWrapper`'s; a CPU needs none.
        sum_gradients: Whether accumulated gradients are summed, see `SummingOptimWrapper`.
        kwargs: As `OptimWrapper`'s, such as `optimizer` and `clip_grad`.

    Raises:
        ValueError: If `dtype` is another one, or float16 on a CPU.
    """

    def __init__(
        self,
        dtype: str | None = None,
        loss_scale: str | float | dict[str, Any] = "dynamic",
        sum_gradients: bool = False,
        **kwargs: Any,
    ) -> None:
        if dtype not in (None, "float16", "bfloat16"):
            raise ValueError(f"dtype must be 'float16', 'bfloat16' or None, but got {dtype!r}")
        self.sum_gradients = sum_gradients
        optimizer = kwargs["optimizer"]
        self.device_type = optimizer.param_groups[0]["params"][0].device.type
        if self.device_type != "cpu":
            super().__init__(loss_scale=loss_scale, dtype=dtype or "float16", **kwargs)
            self.enabled = True
            return
        if dtype == "float16":
            raise ValueError(
                "float16 needs a GPU: train with bfloat16 on a CPU (leave out optim_wrapper.dtype)"
            )
        OptimWrapper.__init__(self, **kwargs)
        self.cast_dtype = torch.bfloat16
        self._scale_update_param = None
        self.loss_scaler = torch.amp.GradScaler("cpu", enabled=False)
        self.enabled = bool(bf16_units())
        if not self.enabled:
            print_log("no bf16 units in this processor: training stays in fp32", logger="current")

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state; one from a training without a loss scale leaves the scale as it is."""
        if not (state_dict.get("loss_scaler") and self.loss_scaler.is_enabled()):
            state_dict.pop("loss_scaler", None)
        super().load_state_dict(state_dict)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast the network; gradients are accumulated as in `OptimWrapper`."""
        with OptimWrapper.optim_context(self, model):
            if not self.enabled:
                yield
                return
            with autocast_network(self.device_type, self.cast_dtype):
                yield
