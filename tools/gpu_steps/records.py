"""What a step found, as JSON and as a table; both are on disk after every line."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: States of a step.
DONE, FAILED, SKIPPED, LATE = "done", "failed", "skipped", "out of time"
#: State of the first step where no other makes sense.
NO_DEVICE = "no device"


@dataclass
class Record:
    """The result of a step.

    Attributes:
        name: Name of its files.
        title: What it measures.
        device: Where.
        state: `DONE`, `FAILED`, `SKIPPED`, `LATE`, `NO_DEVICE`, or 'running'.
        seconds: How long it took, None before it has ended.
        says: The result in one sentence.
        notes: What is good to know, a sentence each.
        rows: The lines of the table: value by column.
        errors: Tracebacks.
    """

    name: str
    title: str
    device: str = ""
    state: str = "running"
    seconds: float | None = None
    says: str = ""
    notes: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write `NAME.json` and `NAME.md`, each as a whole."""
        write(folder / f"{self.name}.json", json.dumps(asdict(self), indent=2) + "\n")
        write(folder / f"{self.name}.md", self.page())

    def page(self) -> str:
        """Return the readable form."""
        took = "" if self.seconds is None else f", {self.seconds:.0f} s"
        parts = [f"# {self.title}", f"{self.device or 'device unknown'}: {self.state}{took}."]
        parts += [self.says] if self.says else []
        parts += [table(self.rows)] if self.rows else []
        parts += ["\n".join(f"- {note}" for note in self.notes)] if self.notes else []
        parts += [f"```text\n{error.rstrip()}\n```" for error in self.errors]
        return "\n\n".join(parts) + "\n"


def load(folder: Path, name: str) -> Record | None:
    """Read the record of a step; None if it wrote none."""
    path = folder / f"{name}.json"
    return Record(**json.loads(path.read_text())) if path.exists() else None


def summary(records: list[Record]) -> str:
    """Return a page with one line for each step."""
    rows = [
        {
            "step": f"[{record.name}]({record.name}.md)",
            "what": record.title,
            "state": record.state,
            "seconds": record.seconds,
            "says": record.says,
        }
        for record in records
    ]
    return f"# Check of a GPU\n\n{table(rows)}\n"


def table(rows: list[dict[str, Any]]) -> str:
    """Return lines as a Markdown table; columns come in the order in which they first appear."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    texts = [[_text(row.get(column)) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    heads = [column.replace("_", " ") if column.islower() else column for column in columns]
    lines = [heads, ["-" * width for width in widths], *texts]
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def _text(value: Any) -> str:
    """Return a cell: four digits of a fraction, thousands apart, '-' for nothing."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def write(path: Path, text: str) -> None:
    """Write a file that is never there in part: another process may end this one at any time.

    `adla.atomic_files` does more, but asks for an adla that loads.
    """
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
