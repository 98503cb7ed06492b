"""Metrics as tables for a terminal or a log."""

import io
import math
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table


def render_metrics(metrics: Mapping[str, object]) -> str:
    """Draw one row per metric, with a rule between metrics of different prefixes.

    Args:
        metrics: Value by key, such as ``{'tiny/AP': 0.213}``; the part before the last slash is
            the prefix. -1 and NaN are COCO's ways to say that there was nothing to measure.
    """
    table = Table("metric", "value")
    table.columns[1].justify = "right"
    groups = [key.rpartition("/")[0] for key in metrics]
    for index, (key, value) in enumerate(metrics.items()):
        last_of_group = [groups[index]] != groups[index + 1 : index + 2]
        table.add_row(key, _format_value(value, "none to measure", 4), end_section=last_of_group)
    return _draw(table)


def render_classes(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Draw one row per class; a number without ground truth behind it is a dash.

    Args:
        rows: Class -> value by key, the same keys for every class.
    """
    table = Table("class", *next(iter(rows.values()), {}))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, values in rows.items():
        table.add_row(name, *(_format_value(value, "-", 3) for value in values.values()))
    return _draw(table)


def _draw(table: Table) -> str:
    text = io.StringIO()
    Console(file=text, width=120).print(table)
    return text.getvalue().rstrip()


def _format_value(value: object, nothing: str, digits: int) -> str:
    if not isinstance(value, (int, float)):
        return str(value)
    return nothing if math.isnan(value) or value == -1 else f"{value:.{digits}f}"
