"""Train a config as far as the time allows: time iterations, shorten the schedule, train, test."""

from __future__ import annotations

import copy
import gc
import itertools
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
#: Iterations that warm up before a training is timed, and those that are timed.
WARM, TIMED = 32, 32
#: Part of the time left that the epochs may take; the rest is for the test and the unexpected.
TRAINING_PART = 0.8
RULE = (
    f"{TIMED} iterations after {WARM} are timed; the epochs are as many as fit into "
    f"{TRAINING_PART:.0%} of the time left, with the rates, milestones and the switch of the "
    "pipeline of the whole schedule in proportion: a shortened schedule, not one cut off"
)
_numbers = itertools.count()


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
    runner = _build(_copy(cfg, epochs=WARM + TIMED + 1), timer := _Timer())
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
    cfg = _copy(cfg, epochs)
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


def shorten(cfg: Config, epochs: int, iterations: int) -> None:
    """Bring what a schedule does at fixed places into proportion with fewer epochs.

    Milestones of the rate become those of iterations. The last epochs with another pipeline stay
    as many as they were, up to a quarter of all.

    Args:
        cfg: The config, which is changed; `whole_epochs` keeps the number that it had.
        epochs: Epochs of the shortened schedule.
        iterations: Iterations of an epoch.
    """
    whole = cfg.whole_epochs
    for scheduler in cfg.get("param_scheduler") or []:
        unit = iterations if scheduler.get("by_epoch", True) else 1
        factor = unit * epochs / whole
        scheduler.by_epoch = False
        for key in ("begin", "end"):
            if key in scheduler:
                scheduler[key] = round(scheduler[key] * factor)
        if "milestones" in scheduler:
            scheduler.milestones = [round(at * factor) for at in scheduler.milestones]
    for hook in cfg.get("custom_hooks") or []:
        if hook.type == "PipelineSwitchHook":
            hook.switch_epoch = epochs - min(whole - hook.switch_epoch, math.ceil(epochs / 4))


def use_data(cfg: Config, root: Path, train_file: str, val_file: str) -> None:
    """Let a config train on one file of a folder and test on another."""
    for loader, file in ((cfg.train_dataloader, train_file), (cfg.val_dataloader, val_file)):
        loader.dataset.update(data_root=f"{root}/", ann_file=file)
    evaluators = cfg.val_evaluator if isinstance(cfg.val_evaluator, list) else [cfg.val_evaluator]
    for evaluator in evaluators:
        evaluator.ann_file = str(root / val_file)


def make_small(cfg: Config, side: int, images: int) -> None:
    """Take few and small images, without processes that load them, for a CPU.

    Args:
        cfg: The config, which is changed.
        side: Longest side of the images in pixels, where the config scales them.
        images: Images of each split.
    """
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.indices = images
    cfg.train_dataloader.batch_size = 2
    for step in _dicts([cfg.train_dataloader, cfg.val_dataloader, cfg.custom_hooks]):
        for key, value in step.items():
            if key in ("scale", "img_scale", "crop_size", "size") and not isinstance(value, float):
                step[key] = (side, side)  # a number is a factor


def load(config: str, work_dir: str, **options: Any) -> Config:
    """Load a config of this repository for trainings that keep no checkpoint.

    Args:
        config: Its path below ``configs/``.
        work_dir: Folder for logs.
        options: As ``--cfg-options``, with ``__`` for a dot.
    """
    cfg = Config.fromfile(CONFIGS / config)
    workers = min(max(len(os.sched_getaffinity(0)) - 2, 1), 12)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=workers, persistent_workers=True)
    cfg.merge_from_dict({key.replace("__", "."): value for key, value in options.items()})
    cfg.work_dir, cfg.randomness = work_dir, dict(seed=0)
    cfg.default_hooks.checkpoint = None
    cfg.whole_epochs = cfg.train_cfg.max_epochs
    return cfg


def _copy(cfg: Config, epochs: int) -> Config:
    """Return a copy with another number of epochs, tested after the last."""
    cfg = copy.deepcopy(cfg)
    cfg.train_cfg.update(max_epochs=epochs, val_interval=epochs)
    cfg.experiment_name = cfg.visualizer.name = f"gpu_check_{next(_numbers)}"
    return cfg


def _build(cfg: Config, hook: Hook) -> Runner:
    runner = Runner.from_cfg(cfg)
    runner.register_hook(hook)
    return runner


def _dicts(value: Any) -> Iterator[dict]:
    """Yield the dicts in nested lists and dicts."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _dicts(part)


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _now() -> float:
    """Return the time once the device has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
