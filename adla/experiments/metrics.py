"""What a run measured: the metric file of its test, and scalars of its training."""

import json
import math
from pathlib import Path
from statistics import fmean

from .runs import Run
from .tables import Table

#: What marks an interval of `AssignStatsHook` in the scalars of a training.
_INTERVAL = "pos_per_gt"


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


def read_training(run: Run, names: tuple[str, ...]) -> dict[str, float | None]:
    """Return the mean over the training of what `AssignStatsHook` logged.

    Every interval of the hook counts once, however often its number was logged. Shares
    (`unassigned_gts*`) come in percent.

    Args:
        run: A run.
        names: Scalars.

    Returns:
        Mean by scalar; None for a size bin of which the training saw no object.

    Raises:
        ValueError: If the training logged none of this, or a line of it is broken.
    """
    files = sorted(run.work_dir.glob("*/vis_data/scalars.json"))
    if not files:
        raise ValueError(f"no */vis_data/scalars.json in {run.work_dir}")
    records: dict[int, dict] = {}
    for file in files:  # a resumed training repeats steps: the later record stays
        for line in file.read_text().splitlines():
            if line.endswith("}") and f'"{_INTERVAL}"' in line:
                try:
                    record = json.loads(line)
                    records[record["step"]] = record
                except (ValueError, KeyError) as error:
                    raise ValueError(f"{file} has a broken line ({error!r}): {line[:80]}") from None
    intervals: list[dict] = []
    for _, record in sorted(records.items()):
        if not intervals or record[_INTERVAL] != intervals[-1][_INTERVAL]:
            intervals.append(record)
    if not intervals:
        raise ValueError(
            f"no {_INTERVAL} in {files[-1]}: the training ran without AssignStatsHook, or ended "
            "before the hook's first interval did"
        )
    means: dict[str, float | None] = {}
    for name in names:
        values = [interval[name] for interval in intervals if name in interval]
        factor = 100 if name.startswith("unassigned") else 1
        means[name] = factor * fmean(values) if values else None
    return means
