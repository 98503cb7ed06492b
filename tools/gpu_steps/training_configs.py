"""Configs for trainings as long as the time allows: data, size, a schedule in proportion."""

from __future__ import annotations

import copy
import itertools
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

from adla.config_file import change_config, load_config

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
_numbers = itertools.count()


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
    cfg = load_config(CONFIGS / config)
    workers = min(max(len(os.sched_getaffinity(0)) - 2, 1), 12)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=workers, persistent_workers=True)
    change_config(cfg, {key.replace("__", "."): value for key, value in options.items()}, config)
    cfg.work_dir, cfg.randomness = work_dir, dict(seed=0)
    cfg.default_hooks.checkpoint = None
    cfg.whole_epochs = cfg.train_cfg.max_epochs
    return cfg


def with_epochs(cfg: Config, epochs: int) -> Config:
    """Return a copy with another number of epochs, tested after the last."""
    cfg = copy.deepcopy(cfg)
    cfg.train_cfg.update(max_epochs=epochs, val_interval=epochs)
    cfg.experiment_name = cfg.visualizer.name = f"gpu_check_{next(_numbers)}"
    return cfg


def _dicts(value: Any) -> Iterator[dict]:
    """Yield the dicts in nested lists and dicts."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _dicts(part)
