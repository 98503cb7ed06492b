"""Check the data sets that a config would open, before training on them.

Exit code: 0 fine, 1 something spoils a training, 2 cannot be checked.
Example: ``adla check CONFIG --json check.json --picture smallest.png``
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from .arguments import add_config_options, command_parser
from .commands import one_line_errors
from .mmdet_imports import import_mmdet
from .mmdet_script import suggest

if TYPE_CHECKING:
    from adla.dataset_check.config_datasets import Source
    from adla.dataset_check.inspection import Inspection
    from adla.dataset_check.network_view import Eyes
    from adla.dataset_check.published import Comparison


def parse_args(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser("adla check", __doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--split", choices=("train", "val", "test", "all"), default="all")
    parser.add_argument("--json", type=Path, help="file to write everything to, all places too")
    parser.add_argument("--picture", type=Path, help="PNG to write: the smallest objects, enlarged")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="image files read at a time"
    )
    add_config_options(parser, "as in adla train")
    return parser.parse_args(words)


def inspect(sources: list[Source], eyes: Eyes, jobs: int) -> list[Inspection]:
    """Look at every dataset, with a progress bar on stderr."""
    from adla.dataset_check.annotations import read_records
    from adla.dataset_check.inspection import inspect_source
    from adla.dataset_check.problems import shared_images

    records = [read_records(source.ann_file) for source in sources]
    paths = [source.image_paths(read) for source, read in zip(sources, records, strict=True)]
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("reading images", total=sum(map(len, paths)))
        inspections = [
            inspect_source(source, read, eyes, jobs, lambda: bar.advance(task))
            for source, read in zip(sources, records, strict=True)
        ]
    shared = shared_images(sources, dict(enumerate(map(set, paths))))
    if shared is not None:
        inspections[0].problems.append(shared)
    return inspections


def show(inspections: list[Inspection], published: list[Comparison], console: Console) -> int:
    """Print the page and return the exit code."""
    from adla.dataset_check.report import (
        anchor_lines,
        class_table,
        facts_table,
        problem_list,
        published_list,
    )

    console.print(facts_table(inspections))
    classes = class_table(inspections)
    if classes is not None:
        console.print(classes)
    for inspection in inspections:
        for note in inspection.view.notes if inspection.view else []:
            line = f"[cyan]note[/]    {inspection.name}: {escape(note)}"
            console.print(line, highlight=False, soft_wrap=True)
    for lines in (published_list(published), anchor_lines(inspections), problem_list(inspections)):
        console.print(lines, highlight=False, soft_wrap=True)
    errors = sum(problem.level == "error" for one in inspections for problem in one.problems)
    if errors:
        console.print(f"[bold red]{errors} kinds of problems spoil a training or a measurement")
    else:
        console.print("[bold green]fine: nothing found that spoils a training")
    return 1 if errors else 0


def check(args: argparse.Namespace) -> int:
    """Check, report, and return the exit code."""
    import_mmdet()
    from mmengine.logging import MMLogger

    from adla.config_file import load_config
    from adla.dataset_check.config_datasets import config_sources
    from adla.dataset_check.network_view import eyes_of
    from adla.dataset_check.pictures import save_smallest
    from adla.dataset_check.published import compare_with_published
    from adla.dataset_check.report import page, write_json

    MMLogger.get_current_instance().setLevel("ERROR")
    cfg = load_config(args.config, args.cfg_options)
    sources = config_sources(cfg, args.split)
    inspections = inspect(sources, eyes_of(cfg.get("model")), args.jobs)
    published = compare_with_published(inspections)
    code = show(inspections, published, page(sys.stdout))
    if args.picture and not save_smallest(args.picture, inspections):
        print("adla check: no object can be shown, no picture written", file=sys.stderr)
    if args.json:
        datasets = [inspection.as_dict() for inspection in inspections]
        head = {"config": str(args.config), "exit_code": code}
        compared = [
            {"release": one.release.name, "same": one.equal, "different": one.different}
            for one in published
        ]
        write_json(args.json, head | {"published": compared, "datasets": datasets})
    return code


def main(words: Sequence[str]) -> int:
    """Check."""
    args = parse_args(words)
    with one_line_errors("adla check", hint=suggest):
        return check(args)
