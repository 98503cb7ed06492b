"""Draw which objects one or several detectors find and miss, by size, without any image."""

import argparse
import sys

from adla.visualization.coco_results import read_samples
from adla.visualization.recall_by_size import object_fates, save_hits


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ann_file", help="COCO annotations")
    parser.add_argument("results", nargs="+", metavar="NAME=FILE", help="COCO results of a run")
    parser.add_argument("--out", default="work_dirs/hits.png", help="PNG to write")
    return parser.parse_args()


def main() -> None:
    """Draw the picture and print a line per run."""
    args = parse_args()
    try:
        wrong = [text for text in args.results if "=" not in text]
        if wrong:
            raise ValueError(f"results are NAME=FILE, but got {wrong[0]!r}")
        files = dict(text.split("=", 1) for text in args.results)
        runs = {
            name: list(read_samples(args.ann_file, file).values()) for name, file in files.items()
        }
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    for name, samples in runs.items():
        _, _, found, false_alarms = object_fates(samples)
        print(f"{name}: {found.sum()} of {len(found)} found, {false_alarms} false alarms")
    print(save_hits(args.out, runs))


if __name__ == "__main__":
    main()
