"""`configs/paper_tables.yml`: the tables of the papers, as rows that can be run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import yaml

#: What stands in place of a config.
STATUSES = ("planned", "paper only")
#: The tables that show an assignment on a small scale, by their data set.
LIGHT_TABLES = {
    "sirst-v2": "light",
    "demo": "light-demo",
    "hit-uav": "light-hit-uav",
    "sen2ships": "light-sen2ships",
}

_TABLE_KEYS = {
    "table", "paper", "title", "dataset", "columns", "prefix", "training", "curve", "notes", "rows",
    "grid",
}  # fmt: skip
_ROW_KEYS = {"name", "label", "config", "options", "status", "reason", "note", "light", "numbers"}
_GRID_KEYS = {"config", "across", "down", "numbers", "default"}


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        name: What it is called on a command line.
        label: What it is called in the table.
        config: Path under `configs/`, None if there is none.
        options: What it changes of the config, value by key.
        status: Why there is no config: one of `STATUSES`; empty if there is one.
        reason: The same as a sentence.
        note: A remark.
        light: Name of its row in the tables of `LIGHT_TABLES`, None if there is none.
        paper: The paper's numbers in percent by metric, empty where no paper has it.
    """

    name: str
    label: str
    config: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    reason: str = ""
    note: str = ""
    light: str | None = None
    paper: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: What it is called on a command line.
        paper: The paper that has it, None if none has.
        title: What it compares.
        dataset: Name of its data set.
        columns: Metrics in the order of the columns, without their prefix.
        prefix: Prefix of the metrics in a metric file.
        training: Scalars of the training that make further columns.
        test_options: What its tests change of a config.
        curve: Metric whose course over the epochs of the training makes further columns, or None.
        notes: Remarks on the table; the last is the paper's settings beside ours.
        rows: Its rows, names unique.
    """

    name: str
    paper: str | None
    title: str
    dataset: str
    columns: tuple[str, ...]
    prefix: str
    training: tuple[str, ...]
    test_options: dict[str, Any]
    notes: tuple[str, ...]
    rows: tuple[Row, ...]
    curve: str | None = None


def load_tables(path: Path) -> dict[str, Table]:
    """Read all tables, by name.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no YAML, or an entry is wrong; the message names table and row.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = content["tables"]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no list of tables: {str(error).splitlines()[0]}") from error
    try:
        options, settings = content.get("test_options", {}), content.get("settings", {})
        tables = [_read_table(entry, options, settings) for entry in entries]
        _check_unique([table.name for table in tables], "table")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{path} has a list or a mapping where there is none: {error}") from error
    return {table.name: table for table in tables}


def _read_table(entry: dict, test_options: dict[str, dict], settings: dict[str, str]) -> Table:
    _check_keys(entry, _TABLE_KEYS, {"table", "title", "dataset", "columns"}, "a table")
    name = str(entry["table"])
    columns = tuple(entry["columns"])
    try:
        rows = [_read_row(row, columns) for row in entry.get("rows", [])]
        rows += _expand_grid(entry["grid"], columns) if "grid" in entry else []
        _check_unique([row.name for row in rows], "row")
    except ValueError as error:
        raise ValueError(f"table {name}: {error}") from error
    return Table(
        name=name,
        paper=entry.get("paper"),
        title=entry["title"],
        dataset=entry["dataset"],
        columns=columns,
        prefix=entry.get("prefix", "tiny"),
        training=tuple(entry.get("training", ())),
        test_options=test_options.get(entry["dataset"], {}),
        notes=(*entry.get("notes", ()), *_settings_note(settings, entry.get("paper"))),
        rows=tuple(rows),
        curve=entry.get("curve"),
    )


def _settings_note(settings: dict[str, str], paper: str | None) -> tuple[str, ...]:
    """Return how a paper trains and how its rows do, as a remark, where that is written down."""
    return (f"Settings: {settings[paper]}",) if paper in settings else ()


def _read_row(entry: dict, columns: tuple[str, ...]) -> Row:
    _check_keys(entry, _ROW_KEYS, {"name", "label"}, "a row")
    name = str(entry["name"])
    if ("config" in entry) == ("status" in entry):
        raise ValueError(f"row {name} needs either a config or a status with its reason")
    if "status" in entry and (entry["status"] not in STATUSES or not entry.get("reason")):
        raise ValueError(
            f"row {name}: status must be one of {STATUSES} and have a reason, but got "
            f"{entry['status']!r} and {entry.get('reason')!r}"
        )
    fields = {key: value for key, value in entry.items() if key not in ("name", "numbers")}
    return Row(name, paper=_number_columns(name, entry.get("numbers"), columns), **fields)


def _number_columns(name: str, numbers: list | None, columns: tuple[str, ...]) -> dict[str, float]:
    if numbers is None:
        return {}
    if len(numbers) != len(columns):
        raise ValueError(f"row {name} has {len(numbers)} numbers for the columns {columns}")
    wrong = [n for n in numbers if not isinstance(n, (int, float)) or not 0 <= n <= 100]
    if wrong:
        raise ValueError(f"row {name}: {wrong[0]!r} is no number in percent")
    return dict(zip(columns, map(float, numbers), strict=True))


def _expand_grid(entry: dict, columns: tuple[str, ...]) -> Iterator[Row]:
    """Return the rows that a grid of two settings stands for."""
    _check_keys(entry, _GRID_KEYS, {"config", "across", "down", "numbers"}, "a grid")
    (across, values), = entry["across"].items()  # fmt: skip
    down = entry["down"]
    default = [str(value) for value in entry.get("default", [])]
    for line, numbers in entry["numbers"].items():
        if len(numbers) != len(values):
            raise ValueError(f"the line {line} has {len(numbers)} numbers for {across}={values}")
    pairs = product(range(len(values)), entry["numbers"])
    for index, line in pairs:
        setting = {across: values[index], down: line}
        name = ",".join(f"{key.rpartition('.')[2]}={value}" for key, value in setting.items())
        is_default = [str(value) for value in setting.values()] == default
        options = {} if is_default else {key: _number(value) for key, value in setting.items()}
        paper = _number_columns(name, [entry["numbers"][line][index]], columns)
        yield Row(name, name.replace(",", ", "), entry["config"], options, paper=paper)


def _number(value: Any) -> Any:
    """Return a fraction such as '3/4' as a float, anything else as it is."""
    is_fraction = isinstance(value, str) and re.fullmatch(r"\d+/[1-9]\d*", value)
    return float(Fraction(value)) if is_fraction else value


def _check_keys(entry: Any, known: set[str], needed: set[str], what: str) -> None:
    if not isinstance(entry, dict):
        raise ValueError(f"{what} must be a mapping, but got {entry!r}")
    name = entry.get("table", entry.get("name", ""))
    strange, missing = set(entry) - known, needed - set(entry)
    if strange or missing:
        wrong = f"unknown {sorted(map(str, strange))}" if strange else f"no {sorted(missing)}"
        raise ValueError(f"{what} {name} has {wrong}; known are {', '.join(sorted(known))}")


def _check_unique(names: list[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the {what} {twice[0]} is there twice")
