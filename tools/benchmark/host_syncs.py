"""How often a call makes the host wait for the device."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
#: Operations whose result is a number for Python, or has a size that the values decide.
WAITING = {
    aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten.bincount, aten.equal,
    aten._unique, aten._unique2, aten.unique_dim, aten.unique_consecutive,
}  # fmt: skip
INDEXING = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}


def count_host_syncs(call: Callable[[], object], device: str) -> int:
    """Return how often a call makes the host wait.

    On CUDA it is what torch reports in its debug mode for synchronizations, copies from and to
    ordinary memory among them. On a CPU, where nothing waits, it is the number of operations that
    would on CUDA by the size or the value they return.

    Args:
        call: The call; what it returns is dropped.
        device: The device it runs on.
    """
    if device == "cpu":
        with _Counter() as counter:
            call()
        return counter.count
    before = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            call()
        finally:
            torch.cuda.set_sync_debug_mode(before)
    return sum("synchronizing CUDA operation" in str(warning.message) for warning in caught)


class _Counter(TorchDispatchMode):
    """Counts the operations that would wait on CUDA."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        self.count += _waits(func.overloadpacket, args, kwargs or {})
        return func(*args, **kwargs or {})


def _waits(packet: Any, args: tuple, kwargs: dict) -> bool:
    if packet is aten.repeat_interleave:
        return kwargs.get("output_size") is None
    if packet in INDEXING:
        return any(index is not None and index.dtype == torch.bool for index in args[1])
    return packet in WAITING
