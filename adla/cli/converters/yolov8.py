"""Rename the weights of ultralytics' YOLOv8, so that a training can start from them.

Example: ``adla convert yolov8 yolov8n.pt yolov8n.pth --config CONFIG``
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..arguments import command_parser
from ..commands import one_line_errors

PROGRAM = "adla convert yolov8"


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(PROGRAM, __doc__)
    parser.add_argument("file", help="yolov8n.pt or another YOLOv8 detector; nothing in it is run")
    parser.add_argument(
        "out", nargs="?", help="checkpoint to write, for load_from (default: FILE with .pth)"
    )
    parser.add_argument(
        "--config",
        help="the detector that is to start from them; what the file cannot have starts anew: a P2 "
        "level, a tiny branch, the branches of other classes",
    )
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Convert and report."""
    args = parse_args(words)
    out = args.out or Path(args.file).with_suffix(".pth")
    with one_line_errors(PROGRAM):
        if Path(out).resolve() == Path(args.file).resolve():
            raise ValueError(f"{args.file} would be overwritten: name another file to write")
        from adla.models.checkpoints import convert_yolov8

        lines = convert_yolov8(args.file, out, args.config)
    print(*lines, f"written: {out}", sep="\n")
    return 0
