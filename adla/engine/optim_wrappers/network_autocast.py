"""Run the network of a detector in mixed precision and everything around it in fp32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)


def to_fp32(value: Any) -> Any:
    """Cast the floating-point tensors of nested lists, tuples and dicts to fp32."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.is_floating_point() else value
    if isinstance(value, dict):
        return type(value)({key: to_fp32(part) for key, part in value.items()})
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(to_fp32, value))
    if isinstance(value, list | tuple):
        return type(value)(map(to_fp32, value))
    return value


def _is_network(module: nn.Module) -> bool:
    """Tell a backbone, neck or head from losses and from a whole detector, wrapped or not."""
    return not hasattr(module, "train_step") and next(module.parameters(), None) is not None


class _Autocast:
    """Hooks for all modules: autocast begins and ends with the outermost part of the network."""

    def __init__(self, device_type: str, dtype: torch.dtype) -> None:
        self._device_type, self._dtype = device_type, dtype
        self._inside: nn.Module | None = None
        self._stack = ExitStack()

    def begin(self, module: nn.Module, inputs: Any) -> None:
        if self._inside is None and _is_network(module):
            self._inside = module
            self._stack.enter_context(torch.autocast(self._device_type, self._dtype))

    def end(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        if self._inside is not module:
            return None
        self.close()
        return to_fp32(output)

    def close(self) -> None:
        self._inside = None
        self._stack.close()


@contextmanager
def autocast_network(device_type: str, dtype: torch.dtype) -> Iterator[None]:
    """Compute in `dtype` inside the parts of a network, and hand on fp32 between them.

    A part is the outermost module with parameters that is called: a backbone, a neck, a head. What
    a head computes outside its `forward` (targets, assignment, losses) is in fp32. Autocast around
    the whole step would compute losses on 16-bit values; bfloat16 has 8 significant bits, so its
    values are 4 px apart at a coordinate of 1,000 px.

    Args:
        device_type: 'cpu' or 'cuda'.
        dtype: torch.bfloat16 or, on CUDA, torch.float16.
    """
    autocast = _Autocast(device_type, dtype)
    before = register_module_forward_pre_hook(autocast.begin)
    after = register_module_forward_hook(autocast.end, always_call=True)
    try:
        yield
    finally:
        before.remove()
        after.remove()
        autocast.close()
