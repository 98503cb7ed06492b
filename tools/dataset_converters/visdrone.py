"""Convert VisDrone-DET to COCO json, one file per split; ignored regions become crowds."""

import argparse
import sys

from rich.console import Console

from adla.datasets.converters import convert_visdrone
from adla.datasets.converters.report import split_table


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("src", help="folder with VisDrone2019-DET-train, -val and -test-dev")
    parser.add_argument("out", help="target folder, e.g. data/visdrone")
    parser.add_argument("--copy", action="store_true", help="copy the images, do not link them")
    return parser.parse_args()


def main() -> None:
    """Convert and report."""
    args = parse_args()
    try:
        report = convert_visdrone(args.src, args.out, args.copy)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    console = Console()
    console.print(split_table("VisDrone-DET", report.splits))
    for note in report.notes:
        console.print(f"- {note}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
