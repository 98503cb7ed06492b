"""Time of the assignments by rank, with and without leaving out what cannot win, in one run.

Anchors of P2 to P6 at 800 x 800 px and objects sized as in AI-TOD. CPU time of this process: other
work on the machine does not count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from assigners import make_objects
from mmdet.models.task_modules import AnchorGenerator
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData
from rich.console import Console
from rich.table import Table

import adla.models  # noqa: F401  registers the components
from adla.core import limits

STRIDES = [4, 8, 16, 32, 64]
ASSIGNERS = {
    "NWD-RKA": dict(
        type="RankingAssigner", topk=3, iou_calculator=dict(type="NWDOverlaps2D", constant=12.8)
    ),
    "RFLA": dict(type="HierarchicalAssigner"),
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--size", type=int, default=800, help="side of the image in pixels")
    parser.add_argument("--threads", type=int, default=1, help="of torch on the CPU")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def seconds(call: Callable[[], object]) -> tuple[float, object]:
    """Return the CPU time of a call, and its result."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def main() -> None:
    """Measure, compare the results, and print the table."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    generator = AnchorGenerator(
        strides=STRIDES, ratios=[0.5, 1.0, 2.0], octave_base_scale=2, scales_per_octave=3
    )
    maps = [(args.size // stride,) * 2 for stride in STRIDES]
    priors = InstanceData(priors=torch.cat(generator.grid_priors(maps, device="cpu")))
    table = Table(title=f"one image, {len(priors):,} priors: CPU seconds")
    for column in ("assigner", "objects", "all pairs", "bounded", "times faster", "same result"):
        table.add_column(column, justify="right")
    for count in args.objects:
        boxes = make_objects(count, args.size, torch.Generator().manual_seed(args.seed))
        gts = InstanceData(bboxes=boxes, labels=torch.zeros(count, dtype=torch.long))
        for name, cfg in ASSIGNERS.items():
            assigner, bounded_limits = TASK_UTILS.build(cfg), limits.CPU

            def call(assigner=assigner, gts=gts):
                return assigner.assign(priors, gts)

            bounded, found = seconds(call)
            limits.CPU = replace(bounded_limits, bounded_pairs=2**62)
            everything, expected = seconds(call)
            limits.CPU = bounded_limits
            same = all(
                getattr(found, field).equal(getattr(expected, field))
                for field in ("gt_inds", "max_overlaps", "labels")
            )
            ratio = everything / bounded
            row = (f"{everything:.2f}", f"{bounded:.2f}", f"{ratio:.1f}", str(same))
            table.add_row(name, f"{count:,}", *row)
    Console().print(table)


if __name__ == "__main__":
    main()
