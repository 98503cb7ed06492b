"""Train one light variant and write down what it learned: a process of its own for each.

``python -m adla.experiments.smoke_run CONFIG SECONDS`` writes ``result.json`` beside the config.
"""

import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from adla.atomic_files import atomic_file
from adla.compat.prepare import prepare_stack
from adla.config_file import load_config
from adla.evaluation.training_log import load_scalars, select_records


@dataclass(frozen=True)
class SmokeResult:
    """What a light variant came to.

    Attributes:
        first: Mean loss of the first tenth of the iterations, see :func:`comparable_loss`.
        last: Mean loss of the last tenth.
        ap: AP on the images that it was trained on, in percent.
        ap50: AP at an IoU of 0.5, in percent.
        iterations: Number of iterations.
        seconds: What training and test took.
    """

    first: float
    last: float
    ap: float
    ap50: float
    iterations: int
    seconds: float

    @property
    def learned(self) -> bool:
        """Whether the loss fell and something was found."""
        return self.last < self.first and self.ap > 0


class TimeLimitHook(Hook):
    """Ends a training after a time, at the end of an iteration.

    Args:
        seconds: The time.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """End it if the time is over."""
        if time.monotonic() > self._end:
            runner.train_loop.stop_training = True


def comparable_loss(record: Mapping[str, float]) -> float:
    """Return the loss of an iteration, without the box loss of a second stage.

    That one is a mean over all regions, so it rises while the first stage learns to find objects.
    """
    second = [key for key in record if re.fullmatch(r"(s\d\.)?loss_bbox", key)]
    if "loss_rpn_cls" not in record:
        second = []
    return record["loss"] - sum(record[key] for key in second)


def tenths(losses: list[float]) -> tuple[float, float]:
    """Return the means of the first and of the last tenth, of one value each at least."""
    count = max(1, len(losses) // 10)
    return fmean(losses[:count]), fmean(losses[-count:])


def run_config(path: Path, seconds: float) -> SmokeResult:
    """Train and test a light variant; its folder is the config's."""
    prepare_stack()
    start = time.monotonic()
    cfg = load_config(path)
    cfg.work_dir = str(path.parent)
    runner = Runner.from_cfg(cfg)
    runner.register_hook(TimeLimitHook(seconds))
    runner.train()
    metrics = runner.val()
    records = select_records(load_scalars(path.parent), "loss")
    losses = [comparable_loss(record) for record in records.values()]
    first, last = tenths(losses)
    found = (metrics.get(f"tiny/{name}", 0.0) for name in ("AP", "AP50"))
    ap, ap50 = (100 * max(0.0, float(value)) for value in found)
    return SmokeResult(first, last, ap, ap50, len(losses), time.monotonic() - start)


def main() -> None:
    """Run the config that the command line names."""
    path = Path(sys.argv[1])
    result = run_config(path, float(sys.argv[2]))
    with atomic_file(path.with_name("result.json")) as file:
        json.dump(asdict(result), file, indent=2)


if __name__ == "__main__":
    main()
