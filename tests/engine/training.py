"""A tiny real training: the demo's ADLA config on a handful of generated scenes."""

import itertools
import json
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

CONFIG = "configs/demo/retinanet_csp-nano_fpn-p2_adla-light_scenes.py"
_numbers = itertools.count()


def tiny_config(scenes: Path, work_dir: Path, **options) -> Config:
    """Return the config for 3 epochs of 4 iterations with 2 images of 64 px each.

    No flip: its random stream lives in the workers and starts anew when a training is resumed.
    """
    cfg = Config.fromfile(CONFIG)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = cfg.visualizer.name = f"tiny_{next(_numbers)}"
    cfg.merge_from_dict(
        {
            "train_dataloader.batch_size": 2,
            "train_dataloader.num_workers": 0,
            "train_dataloader.persistent_workers": False,
            "val_dataloader.num_workers": 0,
            "val_dataloader.persistent_workers": False,
            "train_dataloader.dataset.data_root": f"{scenes}/",
            "val_dataloader.dataset.data_root": f"{scenes}/",
            "val_evaluator.ann_file": f"{scenes}/annotations/val.json",
            "train_cfg.max_epochs": 3,
            "train_cfg.val_interval": 3,
            "default_hooks.logger.interval": 2,
            "default_hooks.checkpoint.max_keep_ckpts": -1,
            "model.test_cfg.nms_pre": 100,
        }
    )
    cfg.train_dataloader.dataset.pipeline = [
        step for step in cfg.train_dataloader.dataset.pipeline if step.type != "RandomFlip"
    ]
    for hook in cfg.custom_hooks:
        if hook.type == "AssignStatsHook":
            hook.interval = 2
    cfg.test_dataloader = cfg.val_dataloader
    cfg.test_evaluator = cfg.val_evaluator
    cfg.param_scheduler = []
    cfg.merge_from_dict(options)
    return cfg


def train(cfg: Config) -> Runner:
    """Run a training and return its runner."""
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def scalars(work_dir: Path) -> list[dict]:
    """Return the records that the training wrote for its visual backends."""
    (file,) = work_dir.glob("*/vis_data/scalars.json")
    return [json.loads(line) for line in file.read_text().splitlines()]
