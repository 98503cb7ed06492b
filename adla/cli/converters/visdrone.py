"""Convert VisDrone-DET to COCO json, one file per split; ignored regions become crowds.

Example: ``adla convert visdrone DOWNLOAD data/visdrone``
"""

import argparse
from collections.abc import Sequence

from adla.datasets.converters import convert_visdrone
from adla.datasets.converters.report import split_table

from ..arguments import command_parser
from ..commands import one_line_errors
from . import show_report

PROGRAM = "adla convert visdrone"


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(PROGRAM, __doc__)
    parser.add_argument("src", help="folder with VisDrone2019-DET-train, -val and -test-dev")
    parser.add_argument("out", help="target folder, e.g. data/visdrone")
    parser.add_argument("--copy", action="store_true", help="copy the images, do not link them")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Convert and report."""
    args = parse_args(words)
    with one_line_errors(PROGRAM):
        report = convert_visdrone(args.src, args.out, args.copy)
    show_report(split_table("VisDrone-DET", report.splits), report.notes)
    return 0
