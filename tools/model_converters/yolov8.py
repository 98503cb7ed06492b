"""Rename the weights of ultralytics' YOLOv8, so that a training can start from them."""

import argparse
import sys
from pathlib import Path

import adla  # noqa: F401  before mmdet
from adla.models.checkpoints import convert_yolov8


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="yolov8n.pt or another YOLOv8 detector")
    parser.add_argument("out", type=Path, help="checkpoint to write, for load_from")
    parser.add_argument(
        "--config",
        type=Path,
        help="detector that is to start from them; its class branches start anew if its classes "
        "are others, and so does its P2 level if the file has none",
    )
    return parser.parse_args()


def main() -> None:
    """Convert and report."""
    args = parse_args()
    try:
        lines = convert_yolov8(args.file, args.out, args.config)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(*lines, f"written: {args.out}", sep="\n")


if __name__ == "__main__":
    main()
