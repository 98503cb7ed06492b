"""A small detector with random weights, and scenes to try it on."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "configs/demo/retinanet_csp-nano_fpn-p2_light_scenes.py"
CLASSES = ("vehicle", "ship", "storage-tank", "person")


@pytest.fixture(scope="session")
def detector_files(tmp_path_factory):
    """A config whose model finds a few boxes in anything, and a checkpoint of it."""
    root = tmp_path_factory.mktemp("detector")
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


@pytest.fixture
def write_raster(tmp_path):
    """Write an array (bands, H, W) as a raster; keyword arguments are rasterio's."""

    def write(values, name="scene.tif", colormap=None, mask=None, **options):
        path = tmp_path / name
        count, height, width = values.shape
        driver = "PNG" if name.endswith("png") else "GTiff"
        with rasterio.open(
            path, "w", driver=driver, count=count, height=height, width=width,
            dtype=values.dtype, **options,
        ) as file:  # fmt: skip
            file.write(values)
            if colormap:
                file.write_colormap(1, colormap)
            if mask is not None:
                file.write_mask(mask)
        return path

    return write


@pytest.fixture
def noise():
    """Random 8-bit values of shape (3, 70, 90)."""
    return np.random.default_rng(0).integers(0, 256, (3, 70, 90), dtype=np.uint8)
