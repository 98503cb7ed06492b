"""Checkpoints with pickled objects, read without running any of what they ask for."""

import io
import math
import pickle
import pickletools
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}

#: A class takes a kilobyte, its name in a file some bytes; a detector of ultralytics has below 100.
MAX_NAMES = 1000


class Inert:
    """What stands for an object of any class but a tensor: it keeps its state and does nothing.

    An object's class is a subclass with the name that the file gives, up to ``MAX_NAMES`` of them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keep the state."""
        self.state = state

    def __call__(self, *args: Any, **kwargs: Any) -> "Inert":
        """Return another one."""
        return Inert()

    def __setitem__(self, key: Any, value: Any) -> None:
        """Drop an item that is unpickled into it."""

    def append(self, item: Any) -> None:
        """Drop an item that is unpickled into it."""

    extend = add = append


def read_inert(path: str | Path) -> Any:
    """Return what ``torch.save`` wrote, with an :class:`Inert` for every object but tensors.

    No class or function that the file names is imported or called: containers, numbers, strings
    and tensors come back as they are, so a file of unknown origin is safe to read, and the packages
    that it was written with need not be installed.

    Args:
        path: A file of torch 1.6 or later.

    Raises:
        ValueError: If the file is none that torch writes, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith("/data.pkl"))
            prefix = name.removesuffix("data.pkl")
            order = f"{prefix}byteorder"
            if order in archive.namelist() and archive.read(order) != sys.byteorder.encode():
                raise ValueError("it was written with another byte order")
            return _Unpickler(archive, prefix).load()
    except (zipfile.BadZipFile, pickle.UnpicklingError, EOFError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no checkpoint that torch has written: {error}") from None
    except (AttributeError, IndexError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.filename:  # it cannot be opened
            raise
        raise ValueError(f"{path} is damaged, or no checkpoint of torch: {error}") from None


class _Unpickler(pickle.Unpickler):
    """Unpickles ``data.pkl`` of one archive; tensors are views of its storages."""

    def __init__(self, archive: zipfile.ZipFile, prefix: str) -> None:
        content = archive.read(_stored(archive, prefix + "data.pkl"))
        _check_memo(content)
        super().__init__(io.BytesIO(content))
        self.archive, self.prefix = archive, prefix
        self.storages: dict[str, Tensor] = {}
        self.named: dict[str, type[Inert]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name in the file stands for, without importing it."""
        known: dict[tuple[str, str], Callable | type] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch", "Size"): tuple,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): _parameter,
        }
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) in known:
            return known[module, name]
        if name not in self.named and len(self.named) < MAX_NAMES:
            self.named[name] = type(name, (Inert,), {})
        return self.named.get(name, Inert)

    def persistent_load(self, pid: Any) -> Tensor:
        """Return a storage as a flat tensor."""
        kind, dtype, key, _, count = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise ValueError(f"a storage of the unknown kind {pid[:2]}")
        if key not in self.storages:
            raw = self.archive.read(_stored(self.archive, f"{self.prefix}data/{key}"))
            size = torch.empty(0, dtype=dtype).element_size()
            if len(raw) < count * size:
                raise ValueError(f"storage {key} has {len(raw)} bytes, not {count * size}")
            flat = torch.frombuffer(bytearray(raw), dtype=dtype, count=count) if count else None
            self.storages[key] = torch.empty(0, dtype=dtype) if flat is None else flat
        return self.storages[key]


def _stored(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return an entry; torch compresses none, and a compressed one could be of any size."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed, which torch does not do")
    return info


def _check_memo(content: bytes) -> None:
    """Refuse a pickle that would take any amount of memory.

    Pickle's memo is an array as long as the largest index that is put into it, and an index may be
    2^32 - 1. One that counts what is put there is shorter than the pickle.
    """
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name.endswith("PUT") and int(argument or 0) > len(content):
            raise ValueError(f"it puts an object at place {argument} of its memo")


def _tensor(storage: Tensor, offset: int, size: tuple, stride: tuple, *args: Any) -> Tensor:
    if math.prod(size) > len(storage):
        raise ValueError(f"a tensor of shape {tuple(size)} on {len(storage)} numbers")
    return storage.as_strided(tuple(size), tuple(stride), offset)


def _parameter(data: Tensor, *args: Any) -> Tensor:
    return data
