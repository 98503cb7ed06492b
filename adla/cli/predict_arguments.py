"""The command line of ``adla predict``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from .arguments import add_config_options, command_parser


def parse_args(words: Sequence[str], doc: str | None) -> argparse.Namespace:
    """Read the command line; `doc` is what the help says."""
    parser = command_parser("adla predict", doc)
    add = parser.add_argument
    parser.usage = (
        "adla predict CONFIG CHECKPOINT IMAGE ... --out FOLDER [options]\n"
        "       adla predict --model NAME IMAGE ... [--out FOLDER] [options]"
    )
    add("inputs", nargs="*", metavar="IMAGE",
        help="images, folders or patterns such as 'scenes/*.tif'; before them, without "
        "--model, the config the detector was trained with and a checkpoint of it")  # fmt: skip
    add("--model", nargs="?", const="", metavar="NAME",
        help="a model that comes with adla; without a name: list them")  # fmt: skip
    add("--out", type=Path, help="folder for what is written (default with --model: "
        "work_dirs/predict/NAME/IMAGE)")  # fmt: skip
    add(
        "--formats",
        nargs="+",
        choices=("coco", "results", "geojson", "picture", "annotated"),
        help="default: all that the images allow",
    )
    add("--scores", action="store_true", help="write scores on the annotated images")
    add("--no-annotated", action="store_true", help="no annotated images")
    add("--score-thr", type=float, default=0.3, help="lowest score that counts (default: 0.3)")
    add("--slice", type=int, metavar="PX", help="side of the slices; 0: whole images "
        "(default: the scale of the config's test pipeline, else 800)")  # fmt: skip
    add("--overlap", type=float, default=0.2, help="share of a slice (default: 0.2)")
    add("--max-object", type=float, default=32, metavar="PX", help="longest side of the largest "
        "object; slices overlap by thrice that at least (default: 32)")  # fmt: skip
    add("--nms-thr", type=float, default=0.5, help="overlap over the smaller box from which two "
        "boxes of one slice and class are one object; 0: never (default: 0.5)")  # fmt: skip
    add("--merge-metric", choices=("ios", "iou"), default="ios",
        help="between slices: over the smaller box or over the union (default: ios)")  # fmt: skip
    add("--merge-thr", type=float, default=0.5, help="overlap from which the detections of two "
        "slices are one object (default: 0.5)")  # fmt: skip
    add("--size-ratio", type=float, default=3.0, help="two boxes whose sizes sqrt(w * h) differ by "
        "more than this factor are two objects, though one holds the other; 0: whatever their "
        "sizes (default: 3)")  # fmt: skip
    add("--merge-by-class", action="store_true", help="never join detections of two classes")
    add("--value-range", type=float, nargs=2, metavar=("LOW", "HIGH"), help="values "
        "that become black and white; needed where pixels have more than 8 bits and the config has "
        "no LoadImageInRange")  # fmt: skip
    add("--bands", type=int, nargs="+", metavar="N", help="bands shown as red, green, blue, or one "
        "shown as gray; needed where a raster has others")  # fmt: skip
    add("--ann-file", type=Path, help="COCO file: only its images, and its ids")
    add("--batch-size", type=int, default=4, help="slices at once (default: 4)")
    add("--device", help="such as cpu or cuda:1 (default: cuda:0 where there is one)")
    add("--keep-journal", action="store_true", help="keep what the slices found: the same command "
        "then joins it anew, also with another --nms-thr or --merge-thr")  # fmt: skip
    add(
        "--fresh", action="store_true", help="forget an unfinished run and overwrite a finished one"
    )
    add_config_options(parser, "changes of the config")
    args = parser.parse_intermixed_args(words)
    args.config = args.checkpoint = None
    if args.model is None:
        if len(args.inputs) < 3 or args.out is None:
            parser.error("CONFIG, CHECKPOINT, an IMAGE and --out are required, or --model NAME")
        args.config, args.checkpoint = Path(args.inputs[0]), args.inputs[1]
        args.inputs = args.inputs[2:]
    return args
