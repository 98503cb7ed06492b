"""Measure how large the objects of a data set are, and which of them a config cannot see.

Prints sizes, percentiles, the scale S of DotD (Eq. 6 of the MSLA paper) in original pixels and, for
a config, in network pixels, and what its anchors or points miss.
Example: ``python tools/analysis/dataset_scale.py CONFIG --picture sizes.png``
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import DictAction
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from numpy import ndarray
from rich.console import Console
from rich.markup import escape

from adla.cli.mmdet_script import suggest
from adla.config_file import load_config
from adla.dataset_check.annotations import Records, read_records
from adla.dataset_check.config_datasets import SPLITS, config_sources, open_dataset
from adla.dataset_check.network_view import Eyes, View, eyes_of, network_view
from adla.dataset_check.object_sizes import Sizes, box_sizes, measure_sizes
from adla.dataset_check.pictures import save_histogram
from adla.dataset_check.priors import point_priors
from adla.dataset_check.report import matching_table, page, size_table, write_json


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "source", type=Path, help="a config (.py) or a COCO annotation file (.json)"
    )
    parser.add_argument("--split", choices=SPLITS, default="train", help="of a config")
    parser.add_argument(
        "--letterbox", type=int, metavar="PX",
        help="resize into PX x PX, keeping the ratio, in the place of a config's pipeline",
    )  # fmt: skip
    parser.add_argument(
        "--strides",
        type=int,
        nargs="+",
        help="points of these strides in the place of the config's",
    )
    parser.add_argument("--json", type=Path, help="file to write the numbers to")
    parser.add_argument("--picture", type=Path, help="PNG to write: the histogram of sizes")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, help="as in adla train")
    return parser.parse_args()


def read(args: argparse.Namespace) -> tuple[Records, ndarray, View | None]:
    """Return the annotations, which of them are objects, and their view by the network."""
    if args.source.suffix == ".json":
        init_default_scope("mmdet")
        records = read_records(args.source)
        chosen, pipeline, eyes = records.usable(), None, Eyes()
    else:
        cfg = load_config(args.source, args.cfg_options)
        source, *others = config_sources(cfg, args.split)
        if others:
            files = ", ".join(str(one.ann_file) for one in (source, *others))
            raise ValueError(f"{args.split} joins several files: measure each by itself: {files}")
        records, opened = read_records(source.ann_file), open_dataset(source.dataset)
        if opened.error:
            raise ValueError(f"{source.ann_file} does not load: {opened.error}")
        chosen = records.usable(source.classes, opened.boxes)
        pipeline, eyes = source.pipeline, eyes_of(cfg.get("model"))
    if args.letterbox is not None:
        if args.letterbox < 1:
            raise ValueError(f"letterbox must be at least 1 pixel, but got {args.letterbox}")
        side = (args.letterbox, args.letterbox)
        pipeline = [dict(type="Resize", scale=side, keep_ratio=True), dict(type="Pad", size=side)]
    if args.strides:
        eyes = Eyes(point_priors(args.strides), eyes.size_divisor)
    if pipeline is None and not args.strides:
        return records, chosen, None
    return records, chosen, network_view(records, chosen, pipeline or [], eyes)


def show(records: Records, sizes: Sizes, view: View | None, console: Console) -> None:
    """Print the page."""
    head = f"{records.ann_file}: {sizes.count:,} objects in {len(records.image_ids):,} images"
    console.print(escape(head), highlight=False, soft_wrap=True)
    console.print(size_table(sizes, view))
    if view is None:
        return
    lines = [f"network input up to {view.input[0]} x {view.input[1]} px"]
    lines += [f"[cyan]note[/] {escape(note)}" for note in view.notes]
    if view.matching is not None:
        console.print(matching_table(view.matching, sizes.count))
        lines.append(f"a positive takes {view.matching.criterion}")
        lines += [f"[yellow]warning[/] {text}" for text in view.matching.warnings(sizes.count)]
    console.print("\n".join(lines), highlight=False, soft_wrap=True)


def main() -> int:
    """Measure and report."""
    args = parse_args()
    MMLogger.get_current_instance().setLevel("ERROR")
    try:
        records, chosen, view = read(args)
        boxes = records.boxes[chosen]
        if not len(boxes):
            raise ValueError(f"{records.ann_file} has no object to measure: S is not defined")
        sizes = measure_sizes(boxes)
        show(records, sizes, view, page(sys.stdout))
        if args.picture:
            panels = {"original pixels": (box_sizes(boxes), sizes)}
            if view is not None:
                panels["network pixels"] = (view.object_sizes, view.sizes)
            save_histogram(args.picture, panels)
        if args.json:
            network = view.as_dict() if view else None
            content = {"ann_file": str(records.ann_file), "images": len(records.image_ids)}
            write_json(args.json, content | {"original": vars(sizes), "network": network})
    except (ValueError, OSError) as error:
        print(f"dataset_scale: {error}{suggest(str(error))}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
