"""Train a light RetinaNet with fixed thresholds and with ADLA on synthetic scenes, and compare.

It writes data/scenes and work_dirs/demo, with --data work_dirs/demo-NAME. A finished run is not
repeated, an interrupted one goes on where it was.
Examples: ``adla demo``, about ten minutes on two cores; ``adla demo --data data/hit-uav``, the same
on a data set that adla convert hit-uav or sen2ships wrote, about an hour
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from adla.atomic_files import atomic_file
from adla.evaluation.training_log import read_means
from adla.experiments import tables
from adla.experiments.demo_data import (
    REAL_EPOCHS,
    REAL_IMAGES,
    DemoData,
    real_data,
    scene_data,
)
from adla.experiments.demo_scenes import check_runs, prepare_scenes
from adla.experiments.launcher import Launcher
from adla.experiments.metrics import read_metrics
from adla.experiments.progress import Ticker, execute
from adla.experiments.runs import Run, make_run
from adla.experiments.selection import find_rows
from adla.experiments.stages import Stages
from adla.installed_files import find_root

from .arguments import command_parser
from .commands import one_line_errors
from .mmdet_imports import import_mmdet
from .mmdet_script import shorten, suggest

#: Rows of the table light-demo, and what they are called here.
ROWS = {"fixed": "fixed IoU .5/.4", "adla": "ADLA"}
#: Column title -> metric of the test, in percent.
METRICS = {name: name for name in ("AP", "AP50", "AP_vt", "AP_t", "AP_s", "AR_vt")}
#: Column title -> scalar of the training.
SCALARS = {"pos": "pos_per_gt", "pos_vt": "pos_per_gt_vt", "none": "unassigned_gts"}
LEGEND = (
    "AP, AR and shares in percent. vt, t, s: objects below 8, 16, 32 px (AI-TOD's bins); AR_vt: "
    "recall of the very tiny ones.\npos, pos_vt: positive anchors per object; none: share of "
    "objects without any; means over the training.\n"
)
#: The last line of the legend.
CAUTION = {
    False: "One seed and minutes of training on synthetic scenes: this shows that everything works "
    "and is not a result.",
    True: "One seed and a short training: docs/results.md has the same with longer ones and more "
    "rows.",
}


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser("adla demo", __doc__)
    parser.add_argument(
        "--root", type=Path, default=Path(), help="where data/ and work_dirs/ lie (default: here)"
    )
    parser.add_argument("--data", type=Path, help="folder of a converted HIT-UAV or sen2ships")
    parser.add_argument("--train", type=int, help="number of training scenes (default: 240)")
    parser.add_argument("--val", type=int, help="number of validation scenes (default: 64)")
    parser.add_argument(
        "--epochs",
        type=int,
        help=f"epochs; by default what the configs say, with --data {REAL_EPOCHS}",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="remove data/scenes and work_dirs/demo, start anew; "
        "with --data only work_dirs/demo-NAME"
    )  # fmt: skip
    args = parser.parse_args(words)
    if args.data and (args.train or args.val):
        parser.error("--train and --val count generated scenes; with --data all images are taken")
    if args.epochs is not None and args.epochs < 1:
        parser.error(f"--epochs must be at least 1, but got {args.epochs}")
    return args


def compare(results: dict[str, dict[str, float | None]]) -> Table:
    """Return the table with one row per run and the difference of the last to the first."""
    columns = METRICS | SCALARS
    table = Table("RetinaNet", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in columns:
        table.add_column(title, justify="right")
    rows = [[result.get(key) for key in columns.values()] for result in results.values()]
    for name, row in zip(results, rows, strict=True):
        cells = ["-" if value is None else f"{value:.1f}" for value in row]
        table.add_row(name, *cells, end_section=name == list(results)[-1])
    pairs = zip(rows[0], rows[-1], strict=True)
    gains = [None if first is None or last is None else last - first for first, last in pairs]
    table.add_row("difference", *["-" if gain is None else f"{gain:+.1f}" for gain in gains])
    return table


def bring_through(table: tables.Table, run: Run, root: Path, console: Console) -> bool:
    """Train and test a run, or take up what an earlier call left; return whether it got through."""
    # Its detections are kept, for the pictures.
    options = {"test_evaluator.outfile_prefix": str(run.work_dir / "detections")}
    stages = Stages(
        replace(table, test_options=options),
        Launcher(find_root()),
        partial(execute, console, root),
        lambda line: console.print(line, highlight=False, soft_wrap=True, markup=False),
        suggest,
        root,
    )
    return not any(stages.run_all(stage, [run]) for stage in ("train", "test"))


def measure(table: tables.Table, run: Run, console: Console) -> dict[str, float | None]:
    """Return what a run measured: percent by metric, and the means of its training."""
    found = read_metrics(run, table)
    try:
        return found | read_means(run.work_dir, table.training)
    except (ValueError, OSError) as error:  # a training can be too short for a number
        console.print(f"note: {error}", highlight=False, soft_wrap=True)
        return found


def choose_data(args: argparse.Namespace, root: Path, console: Console) -> DemoData:
    """Return the data set that was asked for; scenes that are not there are drawn."""
    if args.data is not None:
        data = real_data(args.data.resolve(), args.epochs)
        text = f"{data.folder.removeprefix('demo-')} in {args.data}"
        console.print(text, highlight=False, soft_wrap=True)
        return data
    digest = prepare_scenes(root, args.train or 240, args.val or 64, args.fresh, console)
    return scene_data(root, digest, args.epochs)


def demonstrate(args: argparse.Namespace, console: Console) -> int:
    """Take or draw the images, train and test the runs, and compare them."""
    start, root = time.monotonic(), args.root.resolve()
    import_mmdet()
    from adla.experiments.comparison_pictures import save_pictures

    configs, data = find_root() / "configs", choose_data(args, root, console)
    out = root / "work_dirs" / data.folder
    if args.fresh:
        shutil.rmtree(out, ignore_errors=True)
    check_runs(out, data.digest)
    table = tables.load_tables(configs / "paper_tables.yml")[data.table]
    table = replace(table, columns=tuple(METRICS.values()), training=tuple(SCALARS.values()))
    rows = [replace(row, name=ROWS[row.name]) for row in find_rows(table, list(ROWS))]
    runs = {
        row.name: make_run(data.place_runs(root / "work_dirs"), row, 0, data.options)
        for row in rows
    }
    if not all(bring_through(table, run, root, console) for run in runs.values()):
        return 1
    results = {name: measure(table, run, console) for name, run in runs.items()}
    with atomic_file(out / "results.json") as file:
        json.dump(results, file, indent=2)
    with Ticker(console, "drawing pictures") as ticker:
        pictures = save_pictures(out, runs, configs, data.ann_file, data.image_dir, ticker)
        ticker.update(1.0, "done")
    console.print(compare(results))
    console.print(LEGEND + CAUTION[args.data is not None], highlight=False, soft_wrap=True)
    lying = {"images": data.root, "results": out / "results.json"}
    lying |= {picture.stem: picture for picture in pictures}
    lying |= {name: run.work_dir for name, run in runs.items()}
    for name, path in lying.items():
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        console.print(f"{name:16} {shown}", highlight=False, soft_wrap=True)
    minutes = (time.monotonic() - start) / 60
    console.print(f"demo: done in {minutes:.1f} minutes", highlight=False)
    if args.data is None:
        console.print(REAL_IMAGES.format(adla=_command()), highlight=False, soft_wrap=True)
    return 0


def _command() -> str:
    """Return what starts adla in a shell here: `make demo` has it in an environment of its own."""
    if shutil.which("adla"):
        return "adla"
    return f"{shorten(Path(sys.executable))} -m adla"


def main(words: Sequence[str]) -> int:
    """Run the demo."""
    args = parse_args(words)
    with one_line_errors("adla demo", resumes=True):
        return demonstrate(args, Console())
