"""Time and peak memory of a call, on the CPU or on a CUDA device."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

import adla  # noqa: F401  before mmdet: it provides mmcv's ops


class Cost(NamedTuple):
    """What a call cost: seconds, and MiB at its peak beyond what was held before it."""

    seconds: float
    mib: float


def measure(call: Callable[[], object], repeats: int, device: str) -> Cost:
    """Run a call some times and return the shortest time and the largest peak.

    On a CPU the peak is that of the resident memory, which Linux reports and lets reset; the first
    run is measured too, and memory is handed back to the system before each.
    """
    costs = [(_measure_cuda if device != "cpu" else _measure_cpu)(call) for _ in range(repeats)]
    return Cost(min(c.seconds for c in costs), max(c.mib for c in costs))


def _measure_cpu(call: Callable[[], object]) -> Cost:
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from what is held now
    before = _resident("VmRSS")
    start = time.perf_counter()
    call()
    seconds = time.perf_counter() - start
    return Cost(seconds, (_resident("VmHWM") - before) / 1024)


def _measure_cuda(call: Callable[[], object]) -> Cost:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    call()
    end.record()
    torch.cuda.synchronize()
    peak = torch.cuda.max_memory_allocated() - before
    return Cost(start.elapsed_time(end) / 1e3, peak / 2**20)


def _resident(field: str) -> int:
    """Return a field of this process's status in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise OSError(f"/proc/self/status has no {field}; the peak of the memory needs Linux")
