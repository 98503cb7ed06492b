"""Write synthetic aerial scenes with tiny objects as a COCO data set.

Example: ``python tools/make_scenes.py data/scenes --train 240 --val 64``
"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from adla.datasets.synthetic import describe_scenes, write_scenes


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write; it must not exist or be empty")
    parser.add_argument("--train", type=int, default=240, help="number of training images")
    parser.add_argument("--val", type=int, default=64, help="number of validation images")
    parser.add_argument("--size", type=int, default=256, help="side of the images in pixels")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same files")
    return parser.parse_args()


def main() -> None:
    """Write the scenes and say what is in them."""
    args = parse_args()
    console = Console()
    try:
        with Progress(console=console) as progress:
            task = progress.add_task("drawing scenes", total=args.train + args.val)
            files = write_scenes(
                args.out, args.train, args.val, args.size, args.seed,
                on_image=lambda: progress.advance(task),
            )  # fmt: skip
    except (ValueError, FileExistsError) as error:
        raise SystemExit(f"make_scenes: {error}") from None
    for file in files.values():
        console.print(describe_scenes(file), highlight=False)


if __name__ == "__main__":
    main()
