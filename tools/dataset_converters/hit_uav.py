"""Convert HIT-UAV to COCO json, split by scene, at its own or a smaller size."""

import argparse
import sys

from rich.console import Console

from adla.datasets.converters import convert_hit_uav
from adla.datasets.converters.report import split_table


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
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
    return parser.parse_args()


def main() -> None:
    """Convert and report."""
    args = parse_args()
    try:
        report = convert_hit_uav(args.src, args.out, args.scale, args.published_split, args.copy)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    console = Console()
    console.print(split_table("HIT-UAV", report.splits))
    for note in report.notes:
        console.print(f"- {note}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
