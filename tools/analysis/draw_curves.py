"""Draw what trainings logged, one panel for each scalar and one line for each run."""

import argparse
import sys

from adla.visualization import load_scalars, save_curves


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=WORK_DIR", help="a run and its folder")
    parser.add_argument("--scalars", nargs="+", help="such as loss_cls pos_per_gt tiny/AP50")
    parser.add_argument("--out", default="work_dirs/curves.png", help="PNG to write")
    return parser.parse_args()


def main() -> None:
    """Draw the picture."""
    args = parse_args()
    panels = {name: name for name in args.scalars} if args.scalars else None
    try:
        wrong = [text for text in args.runs if "=" not in text]
        if wrong:
            raise ValueError(f"runs are NAME=WORK_DIR, but got {wrong[0]!r}")
        runs = dict(text.split("=", 1) for text in args.runs)
        records = {name: load_scalars(folder) for name, folder in runs.items()}
        print(save_curves(args.out, records, panels))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
