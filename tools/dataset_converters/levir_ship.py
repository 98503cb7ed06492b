"""Convert LEVIR-Ship to COCO json, one file per split."""

import argparse
import sys

from rich.console import Console

from adla.datasets.converters import convert_levir_ship
from adla.datasets.converters.levir_ship_layout import LAYOUTS
from adla.datasets.converters.report import split_table


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("src", nargs="+", help="folder or zip files of one release")
    parser.add_argument("out", help="target folder, e.g. data/levir-ship; may be SRC itself")
    parser.add_argument("--layout", choices=LAYOUTS, help="default: the first that is there")
    parser.add_argument("--seed", type=int, default=0, help="of the split of the unpartitioned")
    parser.add_argument(
        "--drenet-compat", action="store_true", help="cut boxes to whole pixels as published COCO"
    )
    parser.add_argument("--copy", action="store_true", help="copy the images, do not link them")
    return parser.parse_args()


def main() -> None:
    """Convert and report."""
    args = parse_args()
    try:
        report = convert_levir_ship(
            args.src, args.out, args.layout, args.seed, args.drenet_compat, args.copy
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    console = Console()
    console.print(split_table(f"LEVIR-Ship, {report.layout} release", report.splits))
    for note in report.notes:
        console.print(f"- {note}", highlight=False)


if __name__ == "__main__":
    main()
