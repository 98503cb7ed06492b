"""Cut sen2ships into tiles with COCO json, split by harbor.

Example: ``adla convert sen2ships sen2ships data/sen2ships``
"""

import argparse
from collections.abc import Sequence

from adla.datasets.converters import convert_sen2ships
from adla.datasets.converters.report import split_table

from ..arguments import command_parser
from ..commands import one_line_errors
from . import show_report

PROGRAM = "adla convert sen2ships"


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(PROGRAM, __doc__)
    parser.add_argument("src", help="the published repository, which has sen2ships/")
    parser.add_argument("out", help="target folder, e.g. data/sen2ships")
    parser.add_argument("--tile", type=int, default=256, help="side of the tiles in pixels")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Convert and report."""
    args = parse_args(words)
    with one_line_errors(PROGRAM):
        report = convert_sen2ships(args.src, args.out, args.tile)
    show_report(split_table("sen2ships", report.splits), report.notes)
    return 0
