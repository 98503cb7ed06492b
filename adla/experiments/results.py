"""The lines of a table: for each row and seed the paper's numbers, ours, and the state."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from adla.evaluation.training_log import read_curve, read_means

from .complexity import Complexity, complexity_key
from .metrics import read_metrics
from .recorded import Recorded, read_recorded, recorded_file
from .run_config import has_changed
from .runs import Run, describe, find_runs, load_record, make_run
from .tables import Row, Table

#: State of a line whose run lies elsewhere.
RECORDED = "recorded"


@dataclass
class Line:
    """A line of a table.

    Attributes:
        table: The table.
        row: The row.
        seed: Seed of the run, 'mean' for the mean of several, empty if nothing was run.
        state: How far it is, or why it cannot be run.
        ours: Our number by column, metrics in percent; None: there was nothing to measure. A point
            of the table's curve is called as its metric and its epoch, 'AP50@2'.
        complexity: What the network costs, None if it was not measured.
        work_dir: Where the run lies, None if nothing was run.
        folder: The same below the folder of all runs; of a recorded run, where it lay.
        commits: The code that trained it, see :class:`~adla.experiments.runs.Record`.
    """

    table: Table
    row: Row
    seed: str
    state: str
    ours: dict[str, float | None] = field(default_factory=dict)
    complexity: Complexity | None = None
    work_dir: Path | None = None
    folder: str = ""
    commits: tuple[str, ...] = ()


def collect(
    table: Table,
    root: Path,
    options: dict[str, Any],
    complexities: dict[str, Complexity],
    configs: Path,
) -> tuple[list[Line], list[str]]:
    """Collect what has been run of a table.

    A run that comes along as a number (:mod:`.recorded`) has a line where none of its row and seed
    was started here.

    Args:
        table: The table.
        root: Folder of all runs.
        options: The user's `--cfg-options`.
        complexities: What has been measured.
        configs: The folder `configs/`.

    Returns:
        The lines, and one message for everything that should be there and is not.
    """
    lines, problems = [], []
    recorded: dict[str, list[Recorded]] = {row.name: [] for row in table.rows}
    for known in [] if options else read_recorded(recorded_file(configs, table.name)):
        if known.row not in recorded:
            raise ValueError(f"table {table.name} has no row {known.row}, which has a recorded run")
        recorded[known.row].append(known)
    for row in table.rows:
        complexity = complexities.get(complexity_key(row)) if row.config else None
        runs = find_runs(root, row, options)
        of_row = []
        for run in runs:
            line, found = _collect_run(table, row, run, configs)
            of_row.append(line)
            problems += found
        here = {run.seed for run in runs}
        of_row += [
            Line(table, row, str(it.seed), RECORDED, it.numbers, commits=it.commits)
            for it in recorded[row.name]
            if it.seed not in here
        ]
        of_row.sort(key=lambda line: int(line.seed))
        for line in of_row:
            line.folder = make_run(Path(), row, int(line.seed), options).work_dir.as_posix()
        if not of_row:
            of_row = [Line(table, row, "", row.status or "not run")]
        measured = [line for line in of_row if line.ours]
        if len(measured) > 1:
            of_row.append(_mean(measured))
        for line in of_row:
            line.complexity = complexity
        lines += of_row
    return lines, problems


def _collect_run(table: Table, row: Row, run: Run, configs: Path) -> tuple[Line, list[str]]:
    where = f"{table.name} {run.name}"
    try:
        line = Line(table, row, str(run.seed), describe(run), work_dir=run.work_dir)
        record = load_record(run)
    except ValueError as error:
        line = Line(table, row, str(run.seed), "unreadable", work_dir=run.work_dir)
        return line, [f"{where}: {error}"]
    if record is None or not record.tested:
        return line, []
    problems = []
    line.commits = tuple(record.commits)
    try:
        if has_changed(configs, run, record):
            line.state += ", config changed since"
    except (ValueError, OSError) as error:
        problems.append(f"{where}: {error}")
    try:
        line.ours |= read_metrics(run, table)
        missing = [column for column in table.columns if column not in line.ours]
        if missing:
            problems.append(f"{where}: its test gave no {', '.join(missing)}; test it again")
    except ValueError as error:
        problems.append(f"{where}: {error}")
    try:
        line.ours |= read_means(run.work_dir, table.training) if table.training else {}
        if table.curve:
            curve = read_curve(run.work_dir, f"{table.prefix}/{table.curve}")
            line.ours |= {f"{table.curve}@{epoch}": value for epoch, value in curve.items()}
    except (ValueError, OSError) as error:
        problems.append(f"{where}: {error}")
    return line, problems


def _mean(lines: list[Line]) -> Line:
    """Return the mean of some seeds, of the columns that each of them has."""
    common = [c for c in lines[0].ours if all(line.ours.get(c) is not None for line in lines)]
    means: dict[str, float | None] = {
        column: fmean(float(line.ours[column] or 0) for line in lines) for column in common
    }
    is_mixed = len({line.state == RECORDED for line in lines}) == 2
    seeds = ", ".join(
        line.seed + f" ({RECORDED})" * (is_mixed and line.state == RECORDED) for line in lines
    )
    return Line(lines[0].table, lines[0].row, "mean", f"mean of seeds {seeds}", means)
