"""Run the rows of the papers' tables, and print the tables with our numbers beside theirs.

A finished run is never repeated, a stopped one resumes. The tables are in
configs/paper_tables.yml; runs lie in work_dirs/benchmark of the current folder.
Examples: ``adla table list``, ``adla table train V adla --seeds 0 1``, ``adla table test V``,
``adla table train light --dataset demo``, ``adla table show light-hit-uav light-sen2ships``,
``adla table smoke III IV``
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from adla.experiments.complexity import INPUT_SIDES, complexity_key, load_complexities
from adla.experiments.launcher import LAUNCHERS, Launcher
from adla.experiments.progress import execute
from adla.experiments.report import LEGEND, TRAINING_LEGEND, remarks_of, render_csv, render_markdown
from adla.experiments.results import collect
from adla.experiments.runs import make_run
from adla.experiments.selection import find_rows, find_table, select
from adla.experiments.stages import Stages
from adla.experiments.tables import Row, Table, load_tables
from adla.installed_files import find_root

from . import table_smoke
from .arguments import add_config_options, command_parser
from .commands import one_line_errors
from .mmdet_imports import import_mmdet
from .mmdet_script import suggest


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser("adla table", __doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    about = {
        "list": "tables, their rows, and the progress of each row",
        "train": "train rows of a table",
        "test": "test the trained rows of a table",
        "show": "print tables, the paper's numbers beside ours",
        "measure": "count parameters and GFLOPs of the rows, for show",
    }
    parsers = {name: commands.add_parser(name, help=text) for name, text in about.items()}
    smoke = commands.add_parser("smoke", help="try light variants of all rows of a table")
    table_smoke.add_arguments(smoke)
    for name, sub in parsers.items():
        if name in ("list", "show"):
            sub.add_argument("tables", nargs="*", help="such as V or light; none stands for all")
        else:
            sub.add_argument(
                "table", nargs="?" if name == "measure" else None, help="such as V or light"
            )
        sub.add_argument(
            "--work-dir", type=Path, default=Path("work_dirs/benchmark"), help="where runs lie"
        )
        if name != "measure":
            add_config_options(
                sub, "further changes of every config; runs with other options lie elsewhere"
            )
    for name in ("train", "test", "measure"):
        parsers[name].add_argument("rows", nargs="*", help="rows of the table; none stands for all")
    for name in ("train", "test"):
        _add_run_flags(parsers[name])
    parsers["show"].add_argument("--csv", action="store_true", help="CSV instead of Markdown")
    return parser.parse_args(words)


def _add_run_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="one run for each")
    parser.add_argument(
        "--dataset",
        choices=list(INPUT_SIDES),
        help="one of a light table: the rows' small counterparts in it",
    )
    parser.add_argument("--launcher", choices=LAUNCHERS, default="local")
    parser.add_argument("--gpus", type=int, default=1, help="devices for pytorch and slurm")
    parser.add_argument("--partition", help="of the slurm cluster")


def run_stage(args: argparse.Namespace, tables: dict[str, Table], console: Console) -> int:
    """Train or test rows of a table."""
    table = find_table(tables, args.table)
    table, rows, left_out = select(tables, table, args.rows, args.dataset)
    for row in left_out:
        console.print(f"{row.name}: no counterpart on {args.dataset}", highlight=False)
    console.print(f"table {table.name}: {table.title}", highlight=False)
    for row in rows:
        if row.config is None:
            console.print(f"{row.name}: {row.status}: {row.reason}", highlight=False)
    runnable = [row for row in rows if row.config]
    if args.rows and not runnable:
        raise ValueError("none of these rows has a config")
    runs = [
        make_run(args.work_dir.resolve(), row, seed, args.cfg_options)
        for seed in args.seeds
        for row in runnable
    ]
    stages = Stages(
        table,
        Launcher(find_root(), args.launcher, args.gpus, args.partition),
        partial(execute, console, Path.cwd()),
        lambda line: console.print(line, highlight=False, soft_wrap=True, markup=False),
        suggest,
    )
    failures = stages.run_all(args.command, runs)
    done = f"{args.command}: {len(runs) - len(failures)} of {len(runs)} runs done"
    failed = f"; failed: {', '.join(failures)}" if failures else ""
    console.print(done + failed, highlight=False, soft_wrap=True, markup=False)
    return bool(failures)


def show(args: argparse.Namespace, tables: dict[str, Table], only_state: bool) -> int:
    """Print tables, or only the state of their rows."""
    chosen = [find_table(tables, name) for name in args.tables] or list(tables.values())
    complexities = load_complexities(args.work_dir / "complexity.json")
    everything, problems, pages = [], [], []
    for table in chosen:
        lines, found = collect(
            table, args.work_dir.resolve(), args.cfg_options, complexities, find_root() / "configs"
        )
        everything += lines
        problems += found
        pages.append(_state_page(table, lines) if only_state else render_markdown(table, lines))
    if not only_state and args.csv:
        print(render_csv(everything), end="")
    else:
        legends = [] if only_state else [LEGEND]
        legends += [TRAINING_LEGEND] * (not only_state and any(t.training for t in chosen))
        print("\n\n".join([*pages, *legends]))
    for problem in problems:
        print(f"adla: {problem}", file=sys.stderr)
    return bool(problems)


def _state_page(table: Table, lines: list[Any]) -> str:
    width = max(len(row.name) for row in table.rows)
    text = [f"{table.name}: {table.title} ({table.dataset})"]
    for line in lines:
        if line.seed != "mean":
            state = line.state + (f", seed {line.seed}" if line.seed else "")
            what = line.row.config or line.row.reason
            text.append(f"  {line.row.name.ljust(width)}  {state:24}  {what}")
    return "\n".join([*text, *(f"  - {remark}" for remark in remarks_of(table, lines))])


def measure_rows(args: argparse.Namespace, tables: dict[str, Table]) -> int:
    """Measure the networks of rows that have not been measured yet."""
    import_mmdet()
    from adla.experiments.measure_complexity import measure, save_complexities

    chosen = [find_table(tables, args.table)] if args.table else list(tables.values())
    file = args.work_dir / "complexity.json"
    known, failed = load_complexities(file), 0
    wanted: dict[str, tuple[Row, int]] = {}
    for table in chosen:
        for row in find_rows(table, args.rows):
            if row.config:
                wanted.setdefault(complexity_key(row), (row, INPUT_SIDES[table.dataset]))
    for key, (row, side) in wanted.items():
        if key in known:
            continue
        try:
            known[key] = measure(find_root() / "configs", row, side)
        except Exception as error:  # a network of a library that is not there stops no other
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            print(f"adla: {key}: {reason}", file=sys.stderr)
            failed += 1
            continue
        save_complexities(file, load_complexities(file) | {key: known[key]})
        found = known[key]
        print(f"{key}: {found.parameters:.1f} M parameters, {found.gflops:.1f} GFLOPs")
    return bool(failed)


def main(words: Sequence[str]) -> int:
    """Run a command."""
    args = parse_args(words)
    with one_line_errors("adla table", resumes=True):
        tables = load_tables(find_root() / "configs/paper_tables.yml")
        if args.command in ("train", "test"):
            return run_stage(args, tables, Console())
        if args.command == "smoke":
            return table_smoke.try_rows(args, tables, Console())
        if args.command == "measure":
            return measure_rows(args, tables)
        return show(args, tables, args.command == "list")
