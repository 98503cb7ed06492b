"""Weights of YOLOv8 for a detector of this project."""

import re
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from torch import Tensor

from adla.atomic_files import atomic_path
from adla.config_file import load_config

from .yolov8 import YOLOv8Weights, read_yolov8

NO_SPP_ACT = (
    "the file's pyramid has no activation behind its first convolution, as ultralytics 8.4.0 to "
    "8.4.140 build it: the config needs model.backbone.spp_act=False"
)
SPP_ACT = (
    "the file's pyramid has an activation behind its first convolution: the config must not have "
    "model.backbone.spp_act=False"
)


def convert_yolov8(
    path: str | Path, out: str | Path, config: str | Path | None = None
) -> list[str]:
    """Write the weights of a YOLOv8 file for ``load_from``.

    Args:
        path: What ultralytics has written, such as ``yolov8n.pt``.
        out: The checkpoint to write.
        config: The detector that is to start from them, see :func:`fit_to_model`; None writes all
            of them, for as many classes as the file has.

    Returns:
        What there is to know, a line each.

    Raises:
        ValueError: If the file holds another architecture, or does not fit the config.
    """
    weights = read_yolov8(path)
    state_dict, lines = weights.state_dict, [f"{weights.num_classes} classes"]
    if config is not None:
        state_dict, lines = fit_to_model(weights, MODELS.build(load_config(config).model))
    elif not weights.spp_act:
        lines.append(NO_SPP_ACT)
    with atomic_path(out) as draft:
        torch.save(dict(state_dict=state_dict, meta={}), draft)
    return lines


def fit_to_model(weights: YOLOv8Weights, model: Any) -> tuple[dict[str, Tensor], list[str]]:
    """Choose the weights that a detector can start from.

    What the file cannot have starts anew: a P2 level, a tiny branch, the class branches where the
    classes are others (or the width alone is, which in YOLOv8 follows from the finest level). The
    levels that both have keep their weights.

    Args:
        weights: What :func:`read_yolov8` returns.
        model: A detector of ``C2fDarknet``, ``TinyPAFPN`` and ``MSLAHead``.

    Returns:
        The weights, by the names of the model, and what there is to know, a line each.

    Raises:
        ValueError: If the detector has another architecture or size.
    """
    own = model.state_dict()
    num_levels = len({n.split(".")[2] for n in own if n.startswith("bbox_head.branches.")})
    shift = num_levels - weights.num_levels
    if shift not in (0, 1):
        raise ValueError(
            f"the weights have {weights.num_levels} levels, but the detector has {num_levels}: use "
            "a config of configs/yolov8 or configs/msla that fits"
        )
    fitting = {_shifted(name, shift): tensor for name, tensor in weights.state_dict.items()}
    new = _new_parts(fitting, own, shift, weights.num_classes, model.bbox_head.num_classes)
    lines = [f"{what} anew" for what in new]

    def starts_anew(name: str) -> bool:
        return any(re.match(pattern, name) for pattern in new.values())

    fitting = {name: tensor for name, tensor in fitting.items() if not starts_anew(name)}
    for name in sorted(set(own) | set(fitting)):
        shapes = [tuple(names[name].shape) if name in names else None for names in (fitting, own)]
        if shapes[0] != shapes[1] and not starts_anew(name):
            raise ValueError(
                "the weights do not fit the detector, mind the size (n, s) of the config: "
                f"{name} is {shapes[0]} in the file, but {shapes[1]} in the detector"
            )
    if weights.spp_act != model.backbone.spp_act:
        raise ValueError(NO_SPP_ACT if not weights.spp_act else SPP_ACT)
    lines.append(f"{len(fitting)} of the detector's {len(own)} tensors come from the file")
    return fitting, lines


def _new_parts(
    fitting: dict[str, Tensor], own: dict[str, Tensor], shift: int, theirs: int, ours: int
) -> dict[str, str]:
    """Return what starts anew, in words, with a pattern of the names."""
    new = {}
    if shift:
        new["the P2 level is not in the file and starts"] = r"(neck\.\w+|bbox_head\.branches)\.0\."
    elif any(".gate." in name for name in own):
        new["the tiny branch is not in the file and starts"] = r"bbox_head\.branches\.0\."
    pattern = r"bbox_head\.branches\.\d+\.cls_"
    shapes = [
        (tensor.shape, own[name].shape)
        for name, tensor in fitting.items()
        if re.match(pattern, name) and name in own
    ]
    if theirs != ours:
        new[f"the file has {theirs} classes, the detector {ours}: the class branches start"] = (
            pattern
        )
    elif any(a != b for a, b in shapes):
        new["the class branches have another width and start"] = pattern
    return new


def _shifted(name: str, shift: int) -> str:
    """Return the name of the same level where `shift` finer levels precede it."""
    pattern = r"(neck\.\w+|bbox_head\.branches)\.(\d+)"
    return re.sub(pattern, lambda m: f"{m[1]}.{int(m[2]) + shift}", name)
