"""Convert LEVIR-Ship to COCO json, one file per split.

Example: ``adla convert levir-ship LEVIR-Ship data/levir-ship``
"""

import argparse
from collections.abc import Sequence

from adla.datasets.converters import convert_levir_ship
from adla.datasets.converters.levir_ship_layout import LAYOUTS
from adla.datasets.converters.report import split_table

from ..arguments import command_parser
from ..commands import one_line_errors
from . import show_report

PROGRAM = "adla convert levir-ship"


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(PROGRAM, __doc__)
    parser.add_argument("src", nargs="+", help="folder or zip files of one release")
    parser.add_argument("out", help="target folder, e.g. data/levir-ship; may be SRC itself")
    parser.add_argument("--layout", choices=LAYOUTS, help="default: the first that is there")
    parser.add_argument("--seed", type=int, default=0, help="of the split of the unpartitioned")
    parser.add_argument(
        "--drenet-compat", action="store_true", help="cut boxes to whole pixels as published COCO"
    )
    parser.add_argument("--copy", action="store_true", help="copy the images, do not link them")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Convert and report."""
    args = parse_args(words)
    with one_line_errors(PROGRAM):
        report = convert_levir_ship(
            args.src, args.out, args.layout, args.seed, args.drenet_compat, args.copy
        )
    show_report(split_table(f"LEVIR-Ship, {report.layout} release", report.splits), report.notes)
    return 0
