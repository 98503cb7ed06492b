"""Step c: time, memory and host syncs of the assigners, up to 20,000 objects in an image."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from host_syncs import count_host_syncs
from measured import measure

from adla.core import assign_adaptive
from adla.core.limits import limits_of
from tools.benchmark.assigners import RULE, STRIDES, calls, make_scene

from .step import Job

#: Objects in an image; a CPU takes the first two.
OBJECTS = (10, 100, 1000, 2500, 20000)
#: What a call has to leave: an assigner that took longer than this is not tried with more objects.
PATIENCE = 5.0


def find_calls(anchors, predictions, gts) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""

    def adla(engine: str) -> Callable[[], object]:
        return lambda: assign_adaptive(anchors, gts, RULE, predictions, engine=engine)

    known = calls(anchors, predictions, gts)
    return {
        "MaxIoUAssigner": known["stock"],
        "SparseMaxIoUAssigner": known["sparse MaxIoU"],
        "ADLA": adla("auto"),
        "ADLA dense": adla("dense"),
        "ADLA sparse": adla("sparse"),
    }


def measure_scene(job: Job, levels: str, objects: int, size: int, given_up: set[str]) -> None:
    """Measure all assigners on one scene, but those that were given up with fewer objects."""
    place = argparse.Namespace(device=job.device, seed=0)
    boxes = make_scene(size, STRIDES[levels], objects, place)
    stock = None
    for name, call in find_calls(*boxes).items():
        if name in given_up or job.left() <= 0:
            continue
        what = f"{name}, {len(boxes[0]):,} anchors, {objects:,} objects"
        line = {"anchors": len(boxes[0]), "objects": objects, "assigner": name}
        first = job.attempt(what, lambda c=call: measure(c, 1, job.device))
        if isinstance(first, str):
            given_up.add(name)
            job.row(**line, ms=None, MiB=None, host_syncs=None, times_faster=None, verdict=first)
            continue
        if first.seconds > PATIENCE:
            given_up.add(name)
        cost = first if first.seconds > 1 else measure(call, 5, job.device)
        stock = cost.seconds if name == "MaxIoUAssigner" else stock
        job.row(
            **line,
            ms=cost.seconds * 1e3,
            MiB=round(max(first.mib, cost.mib)),
            host_syncs=count_host_syncs(call, job.device),
            times_faster=stock and stock / cost.seconds,
            verdict="",
        )


def dense_wins(rows: list[dict]) -> str:
    """Say how many pairs of anchors and objects the dense engine is the faster one for."""
    times: dict[int, dict[str, float]] = {}
    for row in rows:
        if row["ms"] is not None:
            times.setdefault(row["anchors"] * row["objects"], {})[row["assigner"]] = row["ms"]
    both = {n: ms for n, ms in times.items() if {"ADLA dense", "ADLA sparse"} <= ms.keys()}
    won = [n for n, ms in sorted(both.items()) if ms["ADLA dense"] <= ms["ADLA sparse"]]
    return (
        f"the dense engine is the faster one for {', '.join(f'{n:,}' for n in won) or 'no'} pairs"
    )


def main() -> None:
    """Measure by the number of objects, few first, so that an early end leaves whole lines."""
    job = Job()
    job.note("ms: the shortest of five calls, on CUDA between two events; MiB: the largest peak")
    job.note("host syncs on a CPU: operations that would wait on CUDA")
    job.note(f"adla.core.limits for this device: {limits_of(torch.device(job.device))}")
    size, objects = (128, OBJECTS[:2]) if job.small else (800, OBJECTS)
    given_up: dict[str, set[str]] = {levels: set() for levels in STRIDES}
    for count in objects:
        for levels in STRIDES:
            measure_scene(job, levels, count, size, given_up[levels])
        rows = [row for row in job.record.rows if row["assigner"] == "ADLA" and row["times_faster"]]
        gains = [f"{row['times_faster']:.1f}x at {row['objects']:,}" for row in rows]
        job.say("ADLA beside MaxIoUAssigner: " + ", ".join(gains))
        if job.left() <= 0:
            job.late("the time ended before all scenes were measured")
            break
    job.note(dense_wins(job.record.rows))


if __name__ == "__main__":
    main()
