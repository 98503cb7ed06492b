"""A device that refuses implicit copies: what runs on it runs on any CUDA device, by its rules.

Its tensors compute on the CPU, but say that they are on ``lazy:1``, which is no default of
anything. As on CUDA, an operation with tensors of two devices is an error, and so is, in
deterministic mode, one of which CUDA has no deterministic form. Every wait of the host for the
device, which a GPU would have to be idle for, is counted and says where it comes from.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("lazy:1")
aten = torch.ops.aten

#: Operations whose result has a size that the device must tell the host, or is a number.
WAITS = {
    aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten.bincount, aten.unique_dim,
    aten._unique, aten._unique2, aten.unique_consecutive, aten.unique_dim_consecutive, aten.equal,
    aten.histc,
}  # fmt: skip

#: What raises on CUDA under ``torch.use_deterministic_algorithms(True)`` (its documentation).
NOT_DETERMINISTIC = {aten.median.dim, aten.nanmedian.dim, aten.kthvalue.default, aten.put.default,
                     aten.put_.default, aten.histc.default}  # fmt: skip


class _OnDevice(Tensor):
    """A tensor that says it is on the device, around one on the CPU."""

    @staticmethod
    def __new__(cls, inner: Tensor) -> _OnDevice:
        tensor = Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
        )
        tensor.inner = inner
        return tensor

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})

    def __repr__(self) -> str:
        return f"on {DEVICE}: {self.inner!r}"


def on_device(value: Any) -> Any:
    """Put tensors, nested tensors, ``InstanceData`` or a module on the device."""
    if isinstance(value, nn.Module):
        before = torch.__future__.get_overwrite_module_params_on_conversion()
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        value = value._apply(on_device)
        torch.__future__.set_overwrite_module_params_on_conversion(before)
        return value
    if hasattr(value, "all_items"):
        return type(value)(**{key: on_device(item) for key, item in value.items()})
    return tree_map(lambda x: _OnDevice(x.detach()) if type(x) in TENSORS else x, value)


def on_host(value: Any) -> Any:
    """Take nested tensors back, without counting it."""
    return tree_map(lambda x: x.inner if isinstance(x, _OnDevice) else x, value)


TENSORS = (Tensor, nn.Parameter)


def _run(func: Callable, args: tuple, kwargs: dict) -> Any:
    """Compute on the CPU what belongs to one device; refuse what belongs to two."""
    flat = tree_flatten((args, kwargs))[0]
    ours = [x for x in flat if isinstance(x, _OnDevice)]
    copies = func.overloadpacket in (aten._to_copy, aten.copy_)
    if ours and not copies:
        for x in flat:
            by_index = func.overloadpacket in (aten.index, aten.index_put, aten.index_put_)
            if isinstance(x, Tensor) and not isinstance(x, _OnDevice) and x.dim() and not by_index:
                raise RuntimeError(f"{func} has a tensor on {DEVICE} and one {x.shape} on the CPU")
    target = kwargs.get("device")
    kwargs = {k: v for k, v in kwargs.items() if not (k == "device" and v == DEVICE)}
    known = {id(x.inner): x for x in ours}
    result = func(*on_host(args), **on_host(kwargs))
    if target is not None and target != DEVICE:
        return result
    if not ours and target is None:
        return result
    return tree_map(
        lambda x: known.get(id(x), _OnDevice(x)) if isinstance(x, Tensor) else x, result
    )


class DeviceGuard(TorchDispatchMode):
    """Counts the waits of the host, in ``waits``: an operation and a place for each.

    Args:
        deterministic: Whether to refuse what has no deterministic form on CUDA.
    """

    def __init__(self, deterministic: bool = False) -> None:
        super().__init__()
        self.waits: list[str] = []
        self._deterministic = deterministic
        self._python = _PythonCopies(self)

    def __enter__(self) -> DeviceGuard:
        self._python.__enter__()
        return super().__enter__()

    def __exit__(self, *error) -> None:
        super().__exit__(*error)
        self._python.__exit__(*error)

    def wait(self, what: str) -> None:
        """Note a wait."""
        place = [f for f in traceback.extract_stack() if "/adla/" in f.filename.replace("\\", "/")]
        where = f" at {Path(place[-1].filename).name}:{place[-1].lineno}" if place else ""
        self.waits.append(f"{what}{where}")

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        flat = tree_flatten((args, kwargs))[0]
        device = kwargs.get("device")
        if any(isinstance(x, _OnDevice) for x in flat):
            if self._deterministic and func in NOT_DETERMINISTIC:
                raise RuntimeError(f"{func} has no deterministic form on CUDA")
            if self._waits(func, args, kwargs, flat) or (device and device != DEVICE):
                self.wait(str(func))
        elif device == DEVICE and any(isinstance(x, Tensor) for x in flat):
            self.wait(str(func))
        return _run(func, args, kwargs)

    @staticmethod
    def _waits(func, args: tuple, kwargs: dict, flat: list) -> bool:
        packet = func.overloadpacket
        if packet in WAITS:
            return True
        if packet is aten.repeat_interleave:
            return kwargs.get("output_size") is None
        if packet in (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_):
            indices = [x for x in args[1] if x is not None]
            return any(x.dtype == torch.bool or not isinstance(x, _OnDevice) for x in indices)
        ours = {isinstance(x, _OnDevice) for x in flat if isinstance(x, Tensor)}
        return packet is aten.copy_ and len(ours) > 1


class _PythonCopies(TorchFunctionMode):
    """What Python copies before an operation is dispatched: lists to tensors and back."""

    def __init__(self, guard: DeviceGuard) -> None:
        super().__init__()
        self._guard = guard

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor) and not isinstance(args[0], Tensor):
            device = kwargs.pop("device", None)
            if device is not None and torch.device(device) == DEVICE:
                self._guard.wait("torch.tensor")
                return _OnDevice(func(*args, **kwargs))
            return func(*args, **kwargs, **({} if device is None else {"device": device}))
        if args and isinstance(args[0], _OnDevice):
            if func is Tensor.tolist:
                self._guard.wait("tolist")
                return args[0].inner.tolist()
            if func is Tensor.new_tensor:
                self._guard.wait("new_tensor")
                return _OnDevice(args[0].inner.new_tensor(*args[1:], **kwargs))
            if func in (Tensor.__getitem__, Tensor.__setitem__):
                args = (args[0], _key(args[1]), *args[2:])
        return func(*args, **kwargs)


def _key(key: Any) -> Any:
    """Turn lists in a key into the tensors on the CPU that torch would make of them."""
    parts = key if isinstance(key, tuple) else (key,)
    parts = tuple(torch.tensor(x) if isinstance(x, list) else x for x in parts)
    return parts if isinstance(key, tuple) else parts[0]
