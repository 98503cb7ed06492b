"""Evaluate anyone's detections by the AI-TOD protocol, from two COCO json files.

It needs neither a config nor a GPU nor mmdet.
Example: ``adla eval annotations/test.json results.bbox.json --classwise --tide``

To look at the boxes in a browser: ``pip install 'hotcoco[browse]'``, then
``coco explore --gt GT --dt DT --images FOLDER`` (its own numbers are COCO's, not AI-TOD's).
"""

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from adla.atomic_files import atomic_file
from adla.evaluation.coco_engines import load_engine
from adla.evaluation.error_analysis import TIDE_ERRORS, image_rows, tide_errors
from adla.evaluation.metric_tables import render_classes, render_metrics
from adla.evaluation.output_files import mean_curves, write_curves
from adla.evaluation.result_files import load_detections, load_ground_truth
from adla.evaluation.tiny_evaluation import TinyEvaluation

from .arguments import command_parser
from .commands import one_line_errors


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser("adla eval", __doc__)
    parser.add_argument("gt", type=Path, help="COCO annotation file")
    parser.add_argument(
        "dt", type=Path, help="COCO result file: a list, or an object with annotations"
    )
    parser.add_argument(
        "--engine", default="hotcoco", choices=("hotcoco", "pycocotools"), help="the second is slow"
    )
    parser.add_argument(
        "--max-dets", type=int, nargs="+", default=[100, 300, 1500], metavar="N",
        help="detections per image and class; AP is taken at the largest",
    )  # fmt: skip
    parser.add_argument("--classwise", action="store_true", help="also print a row per class")
    parser.add_argument("--json", type=Path, help="file to write every number to")
    parser.add_argument(
        "--curves", type=Path, metavar="DIR", help="folder for precision-recall curves, CSV and PNG"
    )
    parser.add_argument("--tide", action="store_true", help="what kinds of errors cost how much")
    parser.add_argument(
        "--per-image", type=Path, metavar="FILE", help="CSV to write: hits and misses per image"
    )
    args = parser.parse_args(words)
    if args.max_dets != sorted({max(n, 1) for n in args.max_dets}):
        parser.error(f"--max-dets must be ascending numbers from 1, but got {args.max_dets}")
    return args


def run(args: argparse.Namespace, console: Console) -> None:
    """Evaluate, print, and write what is asked for."""
    load_engine(args.engine)
    dataset, truth, notes = load_ground_truth(args.gt)
    detections, more_notes = load_detections(args.dt, dataset, truth)
    for note in notes + more_notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    evaluation = TinyEvaluation(truth, detections, max_dets=args.max_dets, engine=args.engine)
    metrics, classes = evaluation.summarize(), evaluation.per_class()
    print(render_metrics({f"tiny/{key}": value for key, value in metrics.items()}))
    if args.classwise:
        print(render_classes(classes))
    if args.json:
        settings = {"gt": str(args.gt), "dt": str(args.dt), "max_dets": args.max_dets}
        with atomic_file(args.json) as file:
            json.dump({"metrics": metrics, "classes": classes, **settings}, file, indent=1)
    if args.curves:
        save_curves(args.curves, evaluation)
    if args.tide or args.per_image:
        is_hotcoco = args.engine == "hotcoco"
        engine = evaluation.engine if is_hotcoco else load_engine("hotcoco")(truth, detections)
    if args.tide:
        console.print(tide_table(tide_errors(engine, args.max_dets[-1])))
    if args.per_image:
        names = {image["id"]: image["file_name"] for image in dataset["images"]}
        with atomic_file(args.per_image) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["file_name", "image_id", "tp", "fp", "fn", "f1"])
            for image, *numbers in image_rows(engine, args.max_dets[-1]):
                image_id = truth.image_ids[image]
                writer.writerow([names[image_id], image_id, *numbers])


def save_curves(folder: Path, evaluation: TinyEvaluation) -> None:
    """Write the curves as a table and as a picture."""
    from adla.visualization.precision_recall import save_precision_recall

    write_curves(folder / "precision_recall.csv", evaluation)
    save_precision_recall(folder / "precision_recall.png", mean_curves(evaluation))


def tide_table(errors: dict[str, dict[str, float]]) -> Table:
    """Return a row per kind of error."""
    table = Table("error", "AP50 lost", "count", "what it is")
    for column in table.columns[1:3]:
        column.justify = "right"
    for kind, meaning in TIDE_ERRORS.items():
        lost, count = errors[kind]["AP50 lost"], errors[kind]["count"]
        table.add_row(kind, f"{lost:.4f}", f"{count:,}", meaning)
    return table


def main(words: Sequence[str]) -> int:
    """Evaluate."""
    args = parse_args(words)
    with one_line_errors("adla eval"):
        run(args, Console())
    return 0
