"""Tables as Markdown to read and as CSV to compute with."""

import csv
import io
from collections.abc import Sequence

from .results import Line
from .tables import Table

LEGEND = (
    "In percent: the paper's -> ours (difference); - where there was nothing to measure, ? where a "
    "number is missing. Parameters in millions; GFLOPs of one square image, multiply-adds, of "
    "two-stage detectors only roughly, as the proposals are those of an untrained network. A "
    "recorded line comes with adla; your own run of that row and seed takes its place."
)
TRAINING_LEGEND = (
    "pos: positives per object, none: percent of objects without any; means over the training; "
    "vt, t, s: objects below 8, 16, 32 px. Misses, false alarms and placement are the parts of "
    "oLRP. AP50@2: AP50 in the training, after epoch 2."
)
_SHORT = {
    "pos_per_gt": "pos",
    "unassigned_gts": "none",
    "oLRP_FN": "misses",
    "oLRP_FP": "false alarms",
    "oLRP_Loc": "placement",
}


def render_markdown(table: Table, lines: Sequence[Line]) -> str:
    """Draw a table in Markdown, its notes below it."""
    columns = columns_of(table, lines)
    names = [_short(name) for name in columns]
    head = ["row", "", "seed", *names, "params", "GFLOPs", "state", "commit", "run folder"]
    body = []
    for line in lines:
        numbers = [_cell(line, column) for column in columns]
        cost = line.complexity
        costs = [f"{cost.parameters:.1f}", f"{cost.gflops:.1f}"] if cost else ["", ""]
        ends = [*costs, line.state, ", ".join(line.commits), line.folder]
        body.append([line.row.name, line.row.label, line.seed, *numbers, *ends])
    source = f"Table {table.name}" if table.paper == "ADLA" else table.name
    title = f"## {source}: {table.title}"
    remarks = [f"- {text}" for text in remarks_of(table, lines)]
    return "\n".join([title, "", *_draw(head, body), *([""] if remarks else []), *remarks])


def columns_of(table: Table, lines: Sequence[Line]) -> list[str]:
    """Return the columns of a table, at the end the epochs of its curve that a line has."""
    start = f"{table.curve}@"
    points = {name for line in lines for name in line.ours if name.startswith(start)}
    curve = sorted(points, key=lambda name: int(name.removeprefix(start)))
    return [*table.columns, *table.training, *curve]


def remarks_of(table: Table, lines: Sequence[Line]) -> list[str]:
    """Return the remarks on a table, then those on the rows of the lines, each row's once."""
    rows = {line.row.name: line.row for line in lines}
    texts = [f"{row.name}: {text}" for row in rows.values() if (text := row.note or row.reason)]
    return [*table.notes, *texts]


def _cell(line: Line, column: str) -> str:
    paper = line.row.paper.get(column)
    if column not in line.ours:
        ours = "?" if line.state == "tested" else ""
    else:
        value = line.ours[column]
        ours = "-" if value is None else f"{value:.1f}"
        if value is not None and paper is not None:
            ours += f" ({value - paper:+.1f})"
    if paper is None:
        return ours
    printed = f"{paper:.2f}".removesuffix("0")
    return f"{printed} -> {ours}".rstrip()


def _short(name: str) -> str:
    for long, short in _SHORT.items():
        name = name.replace(long, short)
    return name


def _draw(head: list[str], body: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    rule = ["-" * width for width in widths]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in [head, rule, *body]
    ]


def render_csv(lines: Sequence[Line]) -> str:
    """Write one line per row, seed and column; numbers in percent, empty where there is none."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["table", "row", "seed", "state", "column", "paper", "ours", "difference",
         "params_millions", "gflops", "input_side", "config", "work_dir", "commit"]
    )  # fmt: skip
    for line in lines:
        cost = line.complexity
        costs = [cost.parameters, cost.gflops, cost.side] if cost else ["", "", ""]
        commits = ", ".join(line.commits)
        for column in columns_of(line.table, [line]):
            paper, ours = line.row.paper.get(column), line.ours.get(column)
            difference = "" if paper is None or ours is None else round(ours - paper, 4)
            writer.writerow(
                [line.table.name, line.row.name, line.seed, line.state, column,
                 "" if paper is None else paper, "" if ours is None else round(ours, 4),
                 difference, *costs, line.row.config or "", line.work_dir or "", commits]
            )  # fmt: skip
    return stream.getvalue()
