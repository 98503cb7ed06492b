"""A small detector with random weights."""

from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

BASE = (
    Path(__file__).resolve().parents[2] / "configs/demo/retinanet_csp-nano_fpn-p2_light_scenes.py"
)
CLASSES = ("vehicle", "ship", "storage-tank", "person")


def write_detector(root: Path) -> tuple[Path, Path]:
    """Write a config whose model finds a few boxes in anything, and a checkpoint of it."""
    config = root / "detector.py"
    config.write_text(
        f"_base_ = '{BASE}'\n"
        "model = dict(test_cfg=dict(score_thr=0.001, nms_pre=60, max_per_img=12))\n"
    )
    torch.manual_seed(0)
    cfg = Config.fromfile(config)
    init_default_scope("mmdet")
    model = MODELS.build(cfg.model)
    torch.nn.init.normal_(model.bbox_head.retina_cls.weight, std=0.3)
    checkpoint = root / "random.pth"
    meta = {"dataset_meta": {"classes": CLASSES}}
    torch.save({"state_dict": model.state_dict(), "meta": meta}, checkpoint)
    return config, checkpoint
