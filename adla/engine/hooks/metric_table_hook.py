"""Show the metrics of a test as a table."""

import io
import math

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table


def render_metrics(metrics: dict[str, float]) -> str:
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
        table.add_row(key, _format_value(value), end_section=last_of_group)
    console = Console(file=io.StringIO(), width=100)
    console.print(table)
    return console.file.getvalue().rstrip()


def _format_value(value: object) -> str:
    if not isinstance(value, (int, float)):
        return str(value)
    return "none to measure" if math.isnan(value) or value == -1 else f"{value:.4f}"


@HOOKS.register_module()
class MetricTableHook(Hook):
    """Write the metrics as a table to the log, after everything else a test prints."""

    priority = "LOWEST"

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Log the table; mmengine's logger speaks on the first rank only.

        Args:
            runner: The runner of the test.
            metrics: Value by metric, empty if the evaluators only write files.
        """
        if metrics:
            runner.logger.info(f"\n{render_metrics(metrics)}")
