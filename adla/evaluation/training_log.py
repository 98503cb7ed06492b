"""The scalars that a training of mmengine leaves, read in one way."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

#: What marks an interval of `AssignStatsHook` in the scalars of a training.
_INTERVAL = "pos_per_gt"


def load_scalars(work_dir: str | Path) -> list[dict[str, Any]]:
    """Read all records of a work directory in the order of their writing.

    A resumed training has one `*/vis_data/scalars.json` per start; they are read by start time. A
    last line that a killed training left unfinished is passed over.

    Raises:
        FileNotFoundError: If the directory holds no such file.
        ValueError: If a finished line is no record.
    """
    files = sorted(Path(work_dir).glob("*/vis_data/scalars.json"))
    if not files:
        raise FileNotFoundError(f"no */vis_data/scalars.json in {work_dir}")
    records = []
    for file in files:
        for line in filter(lambda line: line.endswith("}"), file.read_text().splitlines()):
            try:
                records.append(json.loads(line))
                records[-1]["step"]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{file} has a broken line ({error!r}): {line[:80]}") from None
    return records


def select_records(records: Sequence[dict[str, Any]], name: str) -> dict[int, dict[str, Any]]:
    """Return the records of one scalar by their step, ascending.

    A training that was resumed from an older checkpoint repeats steps: the later record stays.
    Steps are iterations for what the training logs and epochs for what the validation logs.
    """
    found = {record["step"]: record for record in records if name in record}
    return dict(sorted(found.items()))


def read_means(work_dir: str | Path, names: Sequence[str]) -> dict[str, float | None]:
    """Return the mean over a training of what `AssignStatsHook` logged.

    The hook takes a number for each interval, and mmengine logs it again until the next one; every
    interval counts once, however often it was logged. Shares (`unassigned_gts*`) come in percent.

    Args:
        work_dir: Work directory of the training.
        names: Scalars.

    Returns:
        Mean by scalar; None for a size bin of which the training saw no object.

    Raises:
        FileNotFoundError: If there are no scalars.
        ValueError: If the training logged none of this, or a line of it is broken.
    """
    intervals: list[dict[str, Any]] = []
    for record in select_records(load_scalars(work_dir), _INTERVAL).values():
        if not intervals or record[_INTERVAL] != intervals[-1][_INTERVAL]:
            intervals.append(record)
    if not intervals:
        raise ValueError(
            f"no {_INTERVAL} in the scalars of {work_dir}: the training ran without "
            "AssignStatsHook, or ended before the hook's first interval did"
        )
    means: dict[str, float | None] = {}
    for name in names:
        values = [interval[name] for interval in intervals if name in interval]
        factor = 100 if name.startswith("unassigned") else 1
        means[name] = factor * fmean(values) if values else None
    return means


def read_curve(work_dir: str | Path, name: str) -> dict[int, float | None]:
    """Return a metric of the evaluations during a training, in percent by epoch, ascending.

    Args:
        work_dir: Work directory of the training.
        name: The metric with its prefix, such as ``tiny/AP50``.

    Returns:
        None for an epoch at which there was nothing to measure (-1); empty if there was no
        evaluation.

    Raises:
        FileNotFoundError: If there are no scalars.
        ValueError: If a line of them is broken.
    """
    records = select_records(load_scalars(work_dir), name)
    return {
        epoch: None if record[name] == -1 else 100 * record[name]
        for epoch, record in records.items()
    }
