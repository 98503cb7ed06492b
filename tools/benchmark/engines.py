"""Where the dense engine of the assignment is faster than the sparse one, and what ``auto`` takes.

Square objects of one size in one image, anchors and predictions as in ``assigners.py``. The engines
are measured in turn; the last column is the time of ``auto`` over that of the faster engine.
"""

from __future__ import annotations

import argparse

import torch
from assigners import RULE, STRIDES, make_scene
from measured import measure
from rich.console import Console
from rich.table import Table

from adla.core import assign_adaptive

ENGINES = ("dense", "sparse", "auto")


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, nargs="+", default=[1, 3, 10, 30, 100])
    parser.add_argument("--sides", type=int, nargs="+", default=[12, 50, 200, 400, 800])
    parser.add_argument("--levels", choices=STRIDES, default="P3-P5")
    parser.add_argument("--size", type=int, default=800, help="side of the image in pixels")
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement")
    parser.add_argument("--threads", type=int, default=2, help="of torch on the CPU")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Measure, and print the table."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    table = Table(title="one image: ms")
    for column in ("side in px", "objects", *ENGINES, "auto to best"):
        table.add_column(column, justify="right")
    for side in args.sides:
        for objects in args.objects:
            scene = make_scene(args.size, STRIDES[args.levels], objects, args)
            anchors, predictions, gts = scene
            corners = (gts[:, :2] + gts[:, 2:] - side) / 2
            gts = torch.cat([corners, corners + side], dim=1)
            ms = [
                1e3
                * measure(
                    lambda engine=engine, scene=(anchors, gts, RULE, predictions): assign_adaptive(
                        *scene, engine=engine
                    ),
                    args.repeats,
                    args.device,
                ).seconds
                for engine in ENGINES
            ]
            ratio = ms[2] / min(ms[:2])
            table.add_row(f"{side}", f"{objects}", *(f"{x:,.1f}" for x in ms), f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
