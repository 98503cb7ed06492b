"""Count parameters and operations of a network: the one part that builds detectors."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.analysis import get_model_complexity_info

import adla.models  # noqa: F401  registers the components
from adla.atomic_files import atomic_file
from adla.config_file import load_config

from .complexity import Complexity
from .tables import Row


def measure(config_root: Path, row: Row, side: int) -> Complexity:
    """Measure the network of a row on one black image, without pretrained weights.

    Args:
        config_root: The folder `configs/`.
        row: A row that has a config.
        side: Side of the image in pixels.
    """
    options = {k: v for k, v in row.options.items() if "pretrained" not in k}
    cfg = load_config(config_root / str(row.config), options, import_modules=False)
    model = MODELS.build(cfg.model).eval()
    # DetectoRS scales its standardized convolutions as weights are loaded; unscaled they overflow.
    scales = ("weight_gamma", "weight_beta")
    state = {key: value for key, value in model.state_dict().items() if not key.endswith(scales)}
    model.load_state_dict(state, strict=False)
    shape = (side, side)
    meta = dict(img_shape=shape, ori_shape=shape, pad_shape=shape, scale_factor=(1.0, 1.0),
                batch_input_shape=shape, border=[0, 0, 0, 0])  # fmt: skip
    sample = DetDataSample(metainfo=meta)
    device = next(model.parameters()).device
    model.forward = partial(model.forward, data_samples=[sample])
    with torch.no_grad():
        info = get_model_complexity_info(
            model,
            inputs=torch.zeros(1, 3, *shape, device=device),
            show_table=False,
            show_arch=False,
        )
    return Complexity(info["params"] / 1e6, info["flops"] / 1e9, side)


def save_complexities(file: Path, complexities: Mapping[str, Complexity]) -> None:
    """Write what has been measured, whole or not at all."""
    with atomic_file(file) as stream:
        json.dump({key: asdict(value) for key, value in complexities.items()}, stream, indent=1)
