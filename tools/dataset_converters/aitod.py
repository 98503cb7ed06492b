"""Check a download of AI-TOD or AI-TOD-v2 and lay it out as the configs expect it."""

import argparse
import sys

from rich.console import Console

from adla.datasets.converters import prepare_aitod
from adla.datasets.converters.report import split_table


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
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
    return parser.parse_args()


def main() -> None:
    """Check, lay out and report."""
    args = parse_args()
    try:
        report = prepare_aitod(args.src, args.out, args.drop_leaks, args.any_count, args.copy)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    console = Console()
    console.print(split_table("AI-TOD", report.splits))
    for note in report.notes:
        console.print(f"- {note}", highlight=False)


if __name__ == "__main__":
    main()
