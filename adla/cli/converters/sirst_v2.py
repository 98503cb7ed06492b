"""Convert SIRST-V2 to COCO json, one file per split.

Example: ``adla convert sirst-v2 open-sirst-v2 data/sirst-v2``
"""

import argparse
from collections.abc import Sequence

from rich.console import Console

from adla.datasets.converters import SIRSTV2Report, convert_sirst_v2
from adla.datasets.converters.report import split_table

from ..arguments import command_parser
from ..commands import one_line_errors

PROGRAM = "adla convert sirst-v2"


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(PROGRAM, __doc__)
    parser.add_argument("src", help="root of SIRST-V2: mixed/, annotations/, splits/")
    parser.add_argument("out", help="target folder, e.g. data/sirst-v2; may be SRC itself")
    parser.add_argument("--splits", nargs="+", help="default: all whose images are all there")
    parser.add_argument(
        "--fix-known", action="store_true", help="mend the box of Misc_111 from its mask"
    )
    parser.add_argument("--copy", action="store_true", help="copy the images, do not link them")
    return parser.parse_args(words)


def show(report: SIRSTV2Report, console: Console) -> None:
    """Print the summary of a conversion."""
    console.print(split_table("SIRST-V2", report.splits))
    for split, reason in report.skipped.items():
        console.print(f"skipped {split}: {reason}", highlight=False)
    for image, text in report.contradictions.items():
        state = "mended from the mask" if image in report.mended else "kept as published"
        console.print(f"{image} contradicts its mask ({state}): {text}", highlight=False)


def main(words: Sequence[str]) -> int:
    """Convert and report."""
    args = parse_args(words)
    with one_line_errors(PROGRAM):
        report = convert_sirst_v2(args.src, args.out, args.splits, args.fix_known, args.copy)
    show(report, Console())
    return 0
