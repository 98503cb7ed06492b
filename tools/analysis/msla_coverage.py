"""Count the ground truths that get no positive, with YOLOv8's assignment and with MSLA.

Predictions are random. Example:
``python tools/analysis/msla_coverage.py data/sirst-v2/annotations/trainval_full.json``
"""

import argparse
import math
import sys

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from adla.dataset_check.annotations import read_records
from adla.dataset_check.assigner_coverage import positives_of, targets_of
from adla.models import MSLAAssigner, YOLOv8Assigner

FINE, COARSE = (4, 8, 16, 32), (8, 16, 32)


def settings(scale: float) -> dict[str, tuple[MSLAAssigner, tuple[int, ...]]]:
    """Return the assigners to compare, each with the strides of its levels."""
    plain = YOLOv8Assigner(version="8.3")
    rows = {f"YOLOv8 8.3, stride {s} alone": (plain, (s,)) for s in FINE[:3]}
    for version in ("8.3", "8.4", "8.4.128"):
        for name, strides in (("P3 to P5", COARSE), ("P2 to P5", FINE)):
            rows[f"YOLOv8 {version}, {name}"] = (YOLOv8Assigner(version=version), strides)
    rows["MSLA, not forced, P2 to P5"] = (MSLAAssigner(scale=scale, force_match=False), FINE)
    rows["MSLA, P2 to P5"] = (MSLAAssigner(scale=scale), FINE)
    return rows


def main() -> None:
    """Print one row per assigner: the targets without positive, and positives per target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ann_file", help="COCO json")
    parser.add_argument(
        "--letterbox", type=int, metavar="PX", help="scale images into PX x PX, keeping the ratio"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the predictions")
    args = parser.parse_args()
    try:
        targets = targets_of(read_records(args.ann_file), args.letterbox)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"error: {error}")
    if not targets:
        sys.exit(f"error: no image of {args.ann_file} has a target")
    boxes = torch.cat([boxes for _, boxes in targets])
    scale = math.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(dim=1).mean())
    table = Table(title=f"{len(boxes)} targets, S = {scale:.3f} pixels")
    for column in ("assignment", "without positive", "share", "positives per target"):
        table.add_column(column, justify="left" if column == "assignment" else "right")
    for name, (assigner, strides) in track(settings(scale).items(), transient=True):
        counts = positives_of(assigner, targets, strides, args.seed)
        none = int((counts == 0).sum())
        share = f"{none / len(counts):.1%}"
        table.add_row(name, str(none), share, f"{counts.float().mean():.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
