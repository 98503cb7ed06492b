"""Cut sen2ships into tiles with COCO json, split by harbor."""

import argparse
import sys

from rich.console import Console

from adla.datasets.converters import convert_sen2ships
from adla.datasets.converters.report import split_table


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("src", help="the published repository, which has sen2ships/")
    parser.add_argument("out", help="target folder, e.g. data/sen2ships")
    parser.add_argument("--tile", type=int, default=256, help="side of the tiles in pixels")
    return parser.parse_args()


def main() -> None:
    """Convert and report."""
    args = parse_args()
    try:
        report = convert_sen2ships(args.src, args.out, args.tile)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    console = Console()
    console.print(split_table("sen2ships", report.splits))
    for note in report.notes:
        console.print(f"- {note}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
