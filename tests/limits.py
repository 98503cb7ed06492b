"""Compute with other limits than those of the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from adla.core import limits


@contextmanager
def limited(**changes) -> Iterator[None]:
    """Let the CPU compute with some limits of its own, or with those of CUDA as ``like``."""
    before = limits.CPU
    limits.CPU = replace(changes.pop("like", before), **changes)
    try:
        yield
    finally:
        limits.CPU = before
