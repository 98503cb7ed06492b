"""Show the metrics of a test as a table."""

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from adla.evaluation.metric_tables import render_metrics


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
