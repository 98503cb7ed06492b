"""Say how exact boxes must be to count: the share that keeps an IoU of .5 when its edges err.

Example: ``python tools/analysis/box_tolerance.py data/sirst-v2/annotations/val_full.json``
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from adla.datasets.coco_file import load_coco

ERRORS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0)
SAMPLES = 1_000_000  # boxes with errors, over all draws


def shifted_iou(sides: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the IoU of boxes with what their edges move to, shape (...).

    Args:
        sides: Width and height in pixels, shape (..., 2).
        low: How far the left and the upper edge move, in pixels, to the right and down.
        high: The same for the right and the lower edge.
    """
    inside = np.clip(np.minimum(sides + high, sides) - np.maximum(low, 0), 0, None).prod(-1)
    moved = np.clip(sides + high - low, 0, None).prod(-1)
    return inside / (sides.prod(-1) + moved - inside)


def share_kept(sides: np.ndarray, error: float, threshold: float) -> float:
    """Return the share of boxes that keep an IoU when each edge errs by itself.

    Args:
        sides: Width and height of the N boxes in pixels, shape (N, 2).
        error: Standard deviation of the error of an edge in pixels; errors are normal.
        threshold: The IoU.
    """
    shape = (2, max(SAMPLES // len(sides), 1), *sides.shape)
    low, high = np.random.default_rng(0).normal(0, error, shape)
    return float((shifted_iou(sides, low, high) >= threshold).mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ann_file", type=Path, help="COCO json")
    parser.add_argument("--iou", type=float, nargs="+", default=[0.5, 0.75])
    args = parser.parse_args()
    boxes = np.array([ann["bbox"] for ann in load_coco(args.ann_file)["annotations"]], float)
    table = Table("error of an edge, px", *(f"IoU {value:g} and above, %" for value in args.iou))
    for error in ERRORS:
        shares = [share_kept(boxes[:, 2:], error, value) for value in args.iou]
        table.add_row(f"{error}", *(f"{share:.1%}"[:-1] for share in shares))
    Console().print(table)


if __name__ == "__main__":
    main()
