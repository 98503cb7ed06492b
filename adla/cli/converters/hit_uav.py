"""Convert HIT-UAV to COCO json, split by scene, at its own or a smaller size.

Example: ``adla convert hit-uav HIT-UAV data/hit-uav --scale 0.5``
"""

import argparse
from collections.abc import Sequence

from adla.datasets.converters import convert_hit_uav
from adla.datasets.converters.report import split_table

from ..arguments import command_parser
from ..commands import one_line_errors
from . import show_report

PROGRAM = "adla convert hit-uav"


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(PROGRAM, __doc__)
    parser.add_argument("src", help="the published repository, which has normal_json/")
    parser.add_argument("out", help="target folder, e.g. data/hit-uav")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of the images; the configs are made for 0.5"
    )
    parser.add_argument(
        "--published-split",
        action="store_true",
        help="keep train, val and test as published: neighbors in a video lie in two of them",
    )
    parser.add_argument("--copy", action="store_true", help="copy the images, do not link them")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Convert and report."""
    args = parse_args(words)
    with one_line_errors(PROGRAM):
        report = convert_hit_uav(args.src, args.out, args.scale, args.published_split, args.copy)
    show_report(split_table("HIT-UAV", report.splits), report.notes)
    return 0
