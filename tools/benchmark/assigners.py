"""Time and memory of the assigners on one image, beside mmdet's MaxIoUAssigner, in one run.

The stock assigner and the drop-in look at the anchors, ADLA at anchors and predictions. Objects are
sized as in AI-TOD (12.8 px on average), anchors as in the ADLA paper, predictions are anchors moved
and scaled at random. All numbers of a line are measured in turn.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import torch
from measured import Cost, measure
from mmdet.models.task_modules import AnchorGenerator
from mmdet.models.task_modules.assigners import MaxIoUAssigner
from mmengine.structures import InstanceData
from rich.console import Console
from rich.table import Table

from adla.core import AssignmentRule, assign_adaptive
from adla.models import SparseMaxIoUAssigner

THRESHOLDS = {"pos_iou_thr": 0.5, "neg_iou_thr": 0.4, "min_pos_iou": 0.0}
RULE = AssignmentRule(alpha=0.6)
STRIDES = {"P3-P5": [8, 16, 32], "P2-P5": [4, 8, 16, 32]}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, nargs="+", default=[10, 100, 1000, 2500])
    parser.add_argument("--levels", nargs="+", choices=STRIDES, default=["P3-P5", "P2-P5"])
    parser.add_argument("--size", type=int, default=800, help="side of the image in pixels")
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement")
    parser.add_argument("--threads", type=int, default=2, help="of torch on the CPU")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--stock-gib", type=float, default=14, help="memory that the stock assigner may take"
    )
    return parser.parse_args()


def make_scene(size: int, strides: list[int], objects: int, args: argparse.Namespace) -> tuple:
    """Return anchors (N, 4), predictions (N, 4) and ground truths (K, 4), xyxy in pixels."""
    generator = AnchorGenerator(
        strides=strides, ratios=[0.5, 1.0, 2.0], octave_base_scale=2, scales_per_octave=3
    )
    maps = [(math.ceil(size / stride),) * 2 for stride in strides]
    anchors = torch.cat(generator.grid_priors(maps, device="cpu"))
    chance = torch.Generator().manual_seed(args.seed)
    sides = anchors[:, 2:] - anchors[:, :2]
    shift, scale = torch.randn(2, len(anchors), 2, generator=chance)
    centers = (anchors[:, 2:] + anchors[:, :2]) / 2 + 0.1 * sides * shift
    sides = sides * (0.2 * scale).exp()
    predictions = torch.cat([centers - sides / 2, centers + sides / 2], dim=1)
    gts = make_objects(objects, size, chance)
    return tuple(boxes.to(args.device) for boxes in (anchors, predictions, gts))


def make_objects(count: int, size: int, chance: torch.Generator) -> torch.Tensor:
    """Return boxes (K, 4) sized as in AI-TOD, anywhere in the image."""
    sides = (12.8 + 5.9 * torch.randn(count, 2, generator=chance)).clamp(2, 64)
    corners = torch.rand(count, 2, generator=chance) * (size - sides)
    return torch.cat([corners, corners + sides], dim=1)


def calls(anchors: torch.Tensor, predictions: torch.Tensor, gts: torch.Tensor) -> dict:
    """Return what is measured, by name."""
    priors = InstanceData(priors=anchors)
    targets = InstanceData(bboxes=gts, labels=torch.zeros_like(gts[:, 0]).long())
    stock, sparse = MaxIoUAssigner(**THRESHOLDS), SparseMaxIoUAssigner(**THRESHOLDS)
    return {
        "stock": lambda: stock.assign(priors, targets),
        "sparse MaxIoU": lambda: sparse.assign(priors, targets),
        "dense ADLA": lambda: assign_adaptive(anchors, gts, RULE, predictions, engine="dense"),
        "ADLA": lambda: assign_adaptive(anchors, gts, RULE, predictions),
    }


def run_line(levels: str, objects: int, size: int, args: argparse.Namespace) -> dict[str, Cost]:
    """Measure all assigners on one scene; leave out what would not fit or would take minutes."""
    anchors, predictions, gts = make_scene(size, STRIDES[levels], objects, args)
    pairs = len(anchors) * objects
    costs = {"anchors": len(anchors)}
    for name, call in calls(anchors, predictions, gts).items():
        # mmdet documents nine float32 a pair at the peak.
        if name == "stock" and pairs * 9 * 4 > args.stock_gib * 2**30:
            continue
        if name == "dense ADLA" and pairs > 3e8 and args.device == "cpu":
            continue
        slow = args.device == "cpu" and "ADLA" != name != "sparse MaxIoU" and pairs > 2e7
        costs[name] = measure(call, 2 if slow else args.repeats, args.device)
    return costs


def growth(lines: list[dict], size_of: Callable[[dict], int], name: str = "ADLA") -> float:
    """Return the exponent of time against a size, between the two largest lines."""
    first, last = sorted(lines, key=size_of)[-2:]
    seconds = last[name].seconds / first[name].seconds
    return math.log(seconds) / math.log(size_of(last) / size_of(first))


def show(lines: list[dict]) -> Table:
    """Return the lines as a table; ratios are those of time to the stock assigner."""
    table = Table(title="one image: ms (MiB at the peak), times faster than stock")
    for column in ("anchors", "objects", "stock", "sparse MaxIoU", "", "dense ADLA", "ADLA", ""):
        table.add_column(column, justify="right")
    for line in lines:

        def cell(name: str, line: dict = line) -> str:
            cost = line.get(name)
            return "-" if cost is None else f"{cost.seconds * 1e3:,.1f} ({cost.mib:,.0f})"

        def ratio(name: str, line: dict = line) -> str:
            known = "stock" in line and name in line
            return f"{line['stock'].seconds / line[name].seconds:.1f}x" if known else "-"

        table.add_row(
            f"{line['anchors']:,}",
            f"{line['objects']:,}",
            cell("stock"),
            cell("sparse MaxIoU"),
            ratio("sparse MaxIoU"),
            cell("dense ADLA"),
            cell("ADLA"),
            ratio("ADLA"),
        )
    return table


def main() -> None:
    """Measure, and print the table and the growth."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    console, lines = Console(width=120), []
    for levels in args.levels:
        for objects in args.objects:
            cost = run_line(levels, objects, args.size, args)
            lines.append({"levels": levels, "objects": objects, **cost})
            console.print(f"measured {levels} with {objects:,} objects", style="dim")
    console.print(show(lines))
    first = [line for line in lines if line["levels"] == args.levels[0]]
    if len(first) > 1:
        exponent = growth(first, lambda line: line["objects"])
        console.print(f"ADLA's time grows with objects^{exponent:.2f} (between the last two)")
    most = [line for line in lines if line["objects"] == max(args.objects)]
    if len(most) > 1:
        exponent = growth(most, lambda line: line["anchors"])
        console.print(
            f"ADLA's time grows with anchors^{exponent:.2f} at {most[0]['objects']:,} objects"
        )
    console.print(
        f"torch {torch.__version__}, {args.device}, {args.threads} threads, seed {args.seed}"
    )


if __name__ == "__main__":
    main()
