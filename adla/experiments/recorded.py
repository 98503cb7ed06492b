"""What was measured before and comes along: `configs/measured/TABLE.csv`, one line for each run."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HEAD = ["row", "seed", "commits"]


@dataclass(frozen=True)
class Recorded:
    """What a run measured.

    Attributes:
        row: Name of its row.
        seed: Its seed.
        commits: Of the code that trained it.
        numbers: Number by column, metrics in percent; None: there was nothing to measure.
    """

    row: str
    seed: int
    commits: tuple[str, ...]
    numbers: dict[str, float | None]


def recorded_file(configs: Path, table: str) -> Path:
    """Return the file of a table below the folder `configs/`; most tables have none."""
    return configs / "measured" / f"{table}.csv"


def read_recorded(file: Path) -> list[Recorded]:
    """Read the runs of a file, in its order; none if there is no such file.

    Raises:
        ValueError: If it is not such a file; the message names the line.
    """
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            return [_read_line(line) for line in reader]
        except (csv.Error, KeyError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{file}, line {reader.line_num}: {error!r}") from error


def _read_line(line: dict[str, str]) -> Recorded:
    row, seed, commits = (line.pop(name) for name in _HEAD)
    numbers = {name: _read_number(text) for name, text in line.items() if text != ""}
    return Recorded(row, int(seed), tuple(commits.split()), numbers)


def _read_number(text: str) -> float | None:
    return None if text == "-" else float(text)


def render_recorded(runs: Sequence[Recorded]) -> str:
    """Write runs as such a file: numbers to six places, '-' where there was nothing to measure.

    The columns have the order of the run with the most numbers.
    """
    fullest = sorted(runs, key=lambda run: -len(run.numbers))
    columns = list(dict.fromkeys(name for run in fullest for name in run.numbers))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [*_HEAD, *columns], lineterminator="\n")
    writer.writeheader()
    for run in runs:
        numbers = {name: _write_number(value) for name, value in run.numbers.items()}
        head = dict(zip(_HEAD, (run.row, run.seed, " ".join(run.commits)), strict=True))
        writer.writerow(head | numbers)
    return stream.getvalue()


def _write_number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
