"""Train a light RetinaNet with fixed thresholds and with ADLA on synthetic scenes, and compare.

It writes data/scenes and work_dirs/demo. A finished run is not repeated, an interrupted one goes on
where it was.
Example: ``adla demo``, about ten minutes on two cores
"""

import argparse
import json
import shutil
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
from adla.experiments.demo_scenes import check_scenes, prepare_scenes
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
from .mmdet_script import suggest

#: Rows of the table light-demo, and what they are called here.
ROWS = {"fixed": "fixed IoU .5/.4", "adla": "ADLA"}
#: Column title -> metric of the test, in percent.
METRICS = {name: name for name in ("AP", "AP50", "AP_vt", "AP_t", "AP_s", "AR_vt")}
#: Column title -> scalar of the training.
SCALARS = {"pos": "pos_per_gt", "pos_vt": "pos_per_gt_vt", "none": "unassigned_gts"}
LEGEND = (
    "AP, AR and shares in percent. vt, t, s: objects below 8, 16, 32 px (AI-TOD's bins); AR_vt: "
    "recall of the very tiny ones.\npos, pos_vt: positive anchors per object; none: share of "
    "objects without any; means over the training.\nOne seed and minutes of training on synthetic "
    "scenes: this shows that everything works and is not a result."
)


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser("adla demo", __doc__)
    parser.add_argument(
        "--root", type=Path, default=Path(), help="where data/ and work_dirs/ lie (default: here)"
    )
    parser.add_argument("--train", type=int, default=240, help="number of training scenes")
    parser.add_argument("--val", type=int, default=64, help="number of validation scenes")
    parser.add_argument("--epochs", type=int, help="epochs; by default what the configs say")
    parser.add_argument(
        "--fresh", action="store_true", help="remove data/scenes and work_dirs/demo, start anew"
    )
    return parser.parse_args(words)


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


def demonstrate(args: argparse.Namespace, console: Console) -> int:
    """Draw the scenes, train and test the runs, and compare them."""
    start, root = time.monotonic(), args.root.resolve()
    import_mmdet()
    from adla.experiments.comparison_pictures import save_pictures

    options = {}
    if args.epochs is not None:
        options = {"train_cfg.max_epochs": args.epochs, "param_scheduler.1.end": args.epochs}
    out, configs = root / "work_dirs/demo", find_root() / "configs"
    digest = prepare_scenes(root, args.train, args.val, args.fresh, console)
    if args.fresh:
        shutil.rmtree(out, ignore_errors=True)
    check_scenes(out, digest)
    table = tables.load_tables(configs / "paper_tables.yml")["light-demo"]
    table = replace(table, columns=tuple(METRICS.values()), training=tuple(SCALARS.values()))
    rows = [replace(row, name=ROWS[row.name]) for row in find_rows(table, list(ROWS))]
    runs = {row.name: make_run(root / "work_dirs", row, 0, options) for row in rows}
    if not all(bring_through(table, run, root, console) for run in runs.values()):
        return 1
    results = {name: measure(table, run, console) for name, run in runs.items()}
    with atomic_file(out / "results.json") as file:
        json.dump(results, file, indent=2)
    with Ticker(console, "drawing pictures") as ticker:
        pictures = save_pictures(out, runs, configs, root / "data/scenes", ticker)
        ticker.update(1.0, "done")
    console.print(compare(results))
    console.print(LEGEND, highlight=False, soft_wrap=True)
    lying = {"scenes": root / "data/scenes", "results": out / "results.json"}
    lying |= {picture.stem: picture for picture in pictures}
    lying |= {name: run.work_dir for name, run in runs.items()}
    for name, path in lying.items():
        console.print(f"{name:16} {path.relative_to(root)}", highlight=False, soft_wrap=True)
    minutes = (time.monotonic() - start) / 60
    console.print(f"demo: done in {minutes:.1f} minutes", highlight=False)
    return 0


def main(words: Sequence[str]) -> int:
    """Run the demo."""
    args = parse_args(words)
    with one_line_errors("adla demo", resumes=True):
        return demonstrate(args, Console())
