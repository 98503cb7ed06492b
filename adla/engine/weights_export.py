"""The weights of a training as a small file that brings the config to detect with them."""

import copy
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from torch import Tensor

from adla.atomic_files import atomic_file
from adla.compat.checkpoints import read_checkpoint
from adla.compat.prepare import prepare_stack
from adla.config_file import parse_config
from adla.version import __version__

#: What a config says of one run, not of the training.
_OF_A_RUN = ("work_dir", "resume", "load_from", "launcher")


@dataclass(frozen=True)
class ExportedWeights:
    """What was written.

    Attributes:
        size: Of the file, in bytes.
        parameters: Number of values.
        averaged: Whether they are the average (EMA) that the training kept.
        classes: Class names, by label.
        largest_change: The largest change of a value by the cast to 16 bits, relative to the
            largest value of its tensor.
    """

    size: int
    parameters: int
    averaged: bool
    classes: tuple[str, ...]
    largest_change: float


def export_weights(checkpoint: Path, out: Path, about: str = "") -> ExportedWeights:
    """Write the weights of a training in 16 bits, with its classes and the config for detection.

    Where the training averaged its weights, mmengine's checkpoint has the average in
    ``state_dict`` and the raw weights in ``ema_state_dict``, so ``state_dict`` is what is taken.
    The file has ``state_dict`` and ``meta``, whose ``cfg`` is a flat config without anything that
    belongs to training; ``config`` and ``config_digest`` name the config of the training.

    Args:
        checkpoint: A checkpoint of mmengine's runner.
        out: The file to write, whole or not at all.
        about: A line on what the model was trained on, and whose data that is.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If it cannot be read, is no checkpoint of a training, a weight is not finite or
            beyond 16 bits, or the weights are not those of its config's model.
    """
    prepare_stack()
    state = read_checkpoint(checkpoint)
    meta = state.get("meta", {})
    if "state_dict" not in state or not isinstance(meta.get("cfg"), str):
        raise ValueError(
            f"{checkpoint} is no checkpoint of a training: it lacks "
            f"{'meta.cfg' if 'state_dict' in state else 'state_dict'}"
        )
    trained = parse_config(meta["cfg"], None, checkpoint)
    config = detection_config(trained, checkpoint)
    weights = {name: _to_half(name, value) for name, value in state["state_dict"].items()}
    _check_whole(config, weights, checkpoint)
    classes = _classes(meta, checkpoint)
    content = {
        "state_dict": weights,
        "meta": {
            "about": about,
            "adla": __version__,
            "averaged": "ema_state_dict" in state,
            "cfg": config.pretty_text,
            "config": re.sub(r"_\d{8}_\d{6}$", "", str(meta.get("experiment_name", ""))),
            "config_digest": training_digest(trained),
            "dataset_meta": {**meta["dataset_meta"], "classes": classes},
            "epoch": meta.get("epoch"),
        },
    }
    with atomic_file(out, "wb") as file:
        torch.save(content, file)
    changes = [
        _change(value, weights[name])
        for name, value in state["state_dict"].items()
        if value.is_floating_point()
    ]
    return ExportedWeights(
        out.stat().st_size,
        sum(value.numel() for value in weights.values()),
        content["meta"]["averaged"],
        classes,
        max(changes),
    )


def detection_config(trained: Config, path: Path) -> Config:
    """Return what of a training's config detection needs: model, test pipeline, imports.

    Raises:
        ValueError: If it has no test pipeline; the message calls it `path`.
    """
    dataset = (trained.get("test_dataloader") or {}).get("dataset") or {}
    if not dataset.get("pipeline"):
        raise ValueError(f"the config in {path} has no test_dataloader.dataset.pipeline")
    model = trained.model.to_dict()
    model.pop("train_cfg", None)
    for part in [model, *model.values()]:
        if isinstance(part, dict):  # they ask for weights of another network, from elsewhere
            part.pop("init_cfg", None)
            part.pop("pretrained", None)
    kept = {
        "default_scope": trained.get("default_scope", "mmdet"),
        "custom_imports": trained.get("custom_imports", {"imports": ["adla"]}),
        "model": model,
        "test_dataloader": {
            "dataset": {
                key: dataset[key] for key in ("type", "metainfo", "pipeline") if key in dataset
            }
        },
    }
    return Config(kept)


def training_digest(trained: Config) -> str:
    """Return what tells the config of a training from one with another content."""
    content = {key: value for key, value in trained.to_dict().items() if key not in _OF_A_RUN}
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _to_half(name: str, value: Tensor) -> Tensor:
    """Cast a tensor of floats to 16 bits, a copy without what shares its storage."""
    if not value.is_floating_point():
        return value.clone()
    value = value.contiguous()  # a training may keep the channels last
    if not torch.isfinite(value).all():
        raise ValueError(f"the weights in {name} are not finite: the training went wrong")
    half = value.half()
    if not torch.isfinite(half).all():
        largest = value.abs().max().item()
        raise ValueError(f"{name} holds {largest:g}, and 16 bits end at 65504")
    return half.clone()


def _change(value: Tensor, half: Tensor) -> float:
    """Return the largest change of a value, relative to the largest value."""
    if not value.numel():
        return 0.0
    largest = value.abs().max().clamp(min=1e-12)
    return float((value - half.to(value.dtype)).abs().max() / largest)


def _classes(meta: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Return the class names that a checkpoint gives the labels."""
    names = meta.get("dataset_meta", {}).get("classes")
    if not names:
        raise ValueError(f"{path} names no classes (meta.dataset_meta.classes)")
    return (names,) if isinstance(names, str) else tuple(names)


def _check_whole(config: Config, weights: dict[str, Tensor], path: Path) -> None:
    """Check that weights are all that the model of a config has.

    Raises:
        ValueError: If they are not.
    """
    try:
        MODELS.build(copy.deepcopy(config.model)).load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"the weights in {path} do not fit the config in it: {reason}") from None
