"""Check a download of AI-TOD or AI-TOD-v2 and lay it out as the configs expect it.

Example: ``adla convert aitod DOWNLOAD data/aitod``
"""

import argparse
from collections.abc import Sequence

from adla.datasets.converters import prepare_aitod
from adla.datasets.converters.report import split_table

from ..arguments import command_parser
from ..commands import one_line_errors
from . import show_report

PROGRAM = "adla convert aitod"


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(PROGRAM, __doc__)
    parser.add_argument("src", help="folder of the download: annotations and images")
    parser.add_argument("out", help="target folder, e.g. data/aitod; may be SRC itself")
    parser.add_argument(
        "--drop-leaks",
        action="store_true",
        help="write also a test file without the images that overlap a trainval image",
    )
    parser.add_argument(
        "--any-count", action="store_true", help="accept numbers of images other than published"
    )
    parser.add_argument("--copy", action="store_true", help="copy the images, do not link them")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Check, lay out and report."""
    args = parse_args(words)
    with one_line_errors(PROGRAM):
        report = prepare_aitod(args.src, args.out, args.drop_leaks, args.any_count, args.copy)
    show_report(split_table("AI-TOD", report.splits), report.notes)
    return 0
