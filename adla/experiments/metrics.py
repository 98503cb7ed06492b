"""What a run measured: the metric file of its test."""

import json
import math
from pathlib import Path

from .runs import Run
from .tables import Table


def metric_file(run: Run) -> Path | None:
    """Return the file that mmengine wrote in the newest test of a run, None if there is none."""
    files = sorted((run.work_dir / "test").glob("*/*.json"))
    return files[-1] if files else None


def read_metrics(run: Run, table: Table) -> dict[str, float | None]:
    """Return the columns of a table that a run measured.

    Args:
        run: A tested run.
        table: The table.

    Returns:
        Percent by column; None where the metric says that there was nothing to measure (-1 or
        NaN). A column that the file does not have is missing.

    Raises:
        ValueError: If the file is not there or torn.
    """
    file = metric_file(run)
    again = "run its test again"
    if file is None:
        raise ValueError(f"no metric file in {run.work_dir / 'test'}; {again}")
    try:
        content = json.loads(file.read_text())
    except (ValueError, OSError) as error:
        raise ValueError(f"the metric file {file} is torn ({error}); {again}") from None
    found = {}
    for column in table.columns:
        value = content.get(f"{table.prefix}/{column}") if isinstance(content, dict) else None
        if isinstance(value, (int, float)):
            measured = math.isfinite(value) and value != -1
            found[column] = 100 * value if measured else None
    return found


def missing_columns(run: Run, table: Table) -> list[str]:
    """Return the columns that a tested run has no number for, all of them if the file is torn."""
    try:
        found = read_metrics(run, table)
    except ValueError:
        return list(table.columns)
    return [column for column in table.columns if column not in found]
