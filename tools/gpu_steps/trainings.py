"""Train a config as far as the time allows: time iterations, shorten the schedule, train, test."""

from __future__ import annotations

import gc
import math
import time
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from .training_configs import shorten, with_epochs

#: Iterations that warm up before a training is timed, and those that are timed.
WARM, TIMED = 32, 32
#: Part of the time left that the epochs may take; the rest is for the test and the unexpected.
TRAINING_PART = 0.8
RULE = (
    f"{TIMED} iterations after {WARM} are timed; the epochs are as many as fit into "
    f"{TRAINING_PART:.0%} of the time left, with the rates, milestones and the switch of the "
    "pipeline of the whole schedule in proportion: a shortened schedule, not one cut off"
)


class Pace(NamedTuple):
    """How fast a training goes: seconds an iteration, and iterations an epoch."""

    seconds: float
    iterations: int


class _Timed(Exception):
    """The iterations that were to be timed are over."""


class _Timer(Hook):
    """Ends a training after some iterations."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.seconds = math.nan

    def after_train_iter(self, runner: Runner, batch_idx: int, *args: Any, **kwargs: Any) -> None:
        """Start the clock, or stop it."""
        if runner.iter + 1 == WARM:
            self.seconds = -_now()
        if runner.iter + 1 == WARM + TIMED:
            self.seconds = (self.seconds + _now()) / TIMED
            raise _Timed


class _Watch(Hook):
    """Keeps what a training and its test gave."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.train_seconds = self.test_seconds = 0.0

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the clock."""
        self.train_seconds -= _now()

    def after_train_epoch(self, runner: Runner) -> None:
        """Stop the clock."""
        self.train_seconds += _now()

    def before_val_epoch(self, runner: Runner) -> None:
        """Start the clock of the test."""
        self.test_seconds = -_now()

    def after_val_iter(self, runner: Runner, batch_idx: int, *args: Any, **kwargs: Any) -> None:
        """Stop it before the metrics are computed."""
        if batch_idx + 1 == len(runner.val_dataloader):
            self.test_seconds += _now()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Keep the metrics."""
        self.metrics = dict(metrics or {})


def time_training(cfg: Config) -> Pace:
    """Measure how fast a training goes, loading of the images included."""
    # More epochs than the iterations that are timed: it never comes to its end.
    runner = _build(with_epochs(cfg, epochs=WARM + TIMED + 1), timer := _Timer())
    try:
        runner.train()
    except _Timed:
        pass
    pace = Pace(timer.seconds, len(runner.train_dataloader))
    del runner
    _free()
    return pace


def fitting_epochs(cfg: Config, pace: Pace, left: float) -> int:
    """Return how many epochs fit, at most those of the config.

    Args:
        cfg: The config.
        pace: How fast it goes.
        left: Seconds left for epochs and test.

    Raises:
        ValueError: If not even one fits.
    """
    epoch = pace.seconds * pace.iterations
    fitting = int(TRAINING_PART * left / epoch)
    if fitting < 1:
        raise ValueError(f"no epoch fits: one takes {epoch:.0f} s, and {left:.0f} s are left")
    return min(fitting, cfg.train_cfg.max_epochs)


def train(cfg: Config, epochs: int, iterations: int) -> dict[str, Any]:
    """Train with a shortened schedule and test; return the columns of a result.

    Args:
        cfg: The config.
        epochs: Epochs of the whole training.
        iterations: Iterations of an epoch.
    """
    cfg = with_epochs(cfg, epochs)
    shorten(cfg, epochs, iterations)
    runner = _build(cfg, watch := _Watch())
    runner.train()
    images = len(runner.train_dataloader.dataset) * epochs
    tested = len(runner.val_dataloader.dataset)
    result = {
        "epochs": f"{epochs} of {cfg.whole_epochs}",
        "images/s in training": images / watch.train_seconds,
        "images/s in the test": tested / watch.test_seconds,
        **watch.metrics,
    }
    del runner
    _free()
    return result


def _build(cfg: Config, hook: Hook) -> Runner:
    runner = Runner.from_cfg(cfg)
    runner.register_hook(hook)
    return runner


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _now() -> float:
    """Return the time once the device has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
