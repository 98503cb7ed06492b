"""A trained detector behind SAHI's wrapper, checked against its checkpoint before it is used."""

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from numpy import ndarray
from sahi import AutoDetectionModel

from adla.config_file import build_model, load_config, parse_config
from adla.datasets.image_loader import LoadImage, find_load_step, image_loader
from adla.evaluation.box_arrays import Detections
from adla.models.checkpoints import (
    check_classes,
    check_weights,
    classes_in,
    classes_of,
    config_name,
    weights_of,
)

from ..compat.checkpoints import read_checkpoint
from ..compat.prepare import prepare_stack


def load_detector_config(path: Path, options: dict | None = None) -> Config:
    """Read a config and check that its test pipeline can take slices.

    Args:
        path: The config file.
        options: Overrides, dotted key -> value.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no config, or has no test pipeline with the steps that slices need.
    """
    return check_pipeline(load_config(path, options), path)


def stored_config(checkpoint: Path, options: dict | None = None) -> Config:
    """Read the config that a checkpoint brings, see :func:`load_detector_config`.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If it brings no config, or one that does not suit.
    """
    prepare_stack()
    text = read_checkpoint(str(checkpoint)).get("meta", {}).get("cfg")
    if not isinstance(text, str):
        raise ValueError(f"{checkpoint} brings no config")
    return check_pipeline(parse_config(text, options, checkpoint), checkpoint)


def check_pipeline(config: Config, path: Path) -> Config:
    """Return a config that has the test pipeline that slices need.

    Raises:
        ValueError: If it has none, or a step is missing; the message calls the config `path`.
    """
    dataset = (config.get("test_dataloader") or {}).get("dataset") or {}
    steps = [str(step["type"]).split(".")[-1] for step in dataset.get("pipeline") or []]
    if not steps:
        raise ValueError(
            f"{path} has no test pipeline (test_dataloader.dataset.pipeline): "
            "prediction prepares its images by it"
        )
    for needed, there in (
        ("LoadImageFromFile", find_load_step(dataset["pipeline"]) is not None),
        ("Resize", "Resize" in steps),
    ):
        if not there:
            hint = "; dict(type='Resize', scale_factor=1.0) changes no image" * (needed == "Resize")
            raise ValueError(f"{path}: the test pipeline has no {needed} step{hint}")
    return config


def detector_loader(config: Config) -> LoadImage:
    """Return what loads 8-bit images as the test pipeline of a config does."""
    with DefaultScope.overwrite_default_scope("mmdet"):
        return image_loader(config.test_dataloader.dataset.pipeline)


def _take_arrays(config: Config) -> None:
    """Put mmdet's own loading step in place of a subclass: mmdet's inferencer looks for its name.

    The slices come decoded; of the step only ``to_float32`` still counts.
    """
    pipeline = config.test_dataloader.dataset.pipeline
    index = find_load_step(pipeline)
    assert index is not None  # load_detector_config has checked it
    floats = bool(pipeline[index].get("to_float32"))
    pipeline[index] = dict(type="LoadImageFromFile", to_float32=floats)


def check_score_thr(config: Config, score_thr: float) -> None:
    """Check that a config lets detections pass from a score on.

    Raises:
        ValueError: If its own threshold is higher, or none.
    """
    for key in ("model.test_cfg.score_thr", "model.test_cfg.rcnn.score_thr"):
        value = config.get("model")
        for part in key.split(".")[1:]:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None and not isinstance(value, (int, float)):
            raise ValueError(f"{config.filename}: {key} is {value!r}, not a number")
        if value is not None and value > score_thr:
            raise ValueError(
                f"--score-thr {score_thr:g} is below the config's own threshold: "
                f"add --cfg-options {key}={score_thr:g}"
            )


class SliceDetector:
    """A detector that takes slices.

    Args:
        config: See :func:`load_detector_config`.
        checkpoint: A checkpoint of its training.
        device: Such as 'cpu' or 'cuda:0'.

    Attributes:
        classes: Class names, by label.
        notes: What there is to know of the checkpoint, a line each.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If it cannot be read or does not fit the config.
    """

    def __init__(self, config: Config, checkpoint: Path, device: str) -> None:
        prepare_stack()  # before anything reads the checkpoint
        config = copy.deepcopy(config)
        if (config.model.get("backbone") or {}).get("init_cfg"):
            config.model.backbone.init_cfg = None
        _take_arrays(config)
        config.visualizer = dict(type="DetLocalVisualizer")
        state = read_checkpoint(str(checkpoint))
        model = build_model(config)
        check_weights(model, weights_of(state), checkpoint, config_name(config))
        ours = classes_in(config, "test")
        self.classes = _class_names(config, classes_of(state) or ours or (), checkpoint)
        self.notes = check_classes(self.classes, ours, checkpoint)
        wrapper = AutoDetectionModel.from_pretrained(
            model_type="mmdet", model_path=str(checkpoint), config_path=config, device=device
        )
        self._inferencer = wrapper.model

    def detect(self, slices: list[ndarray]) -> list[Detections]:
        """Detect in a batch of slices.

        Args:
            slices: Pixels (H, W, 3), BGR, uint8, all of one size.

        Returns:
            What each slice holds, in pixels of the slice.
        """
        height, width = slices[0].shape[:2]
        predictions = self._inferencer(slices, batch_size=len(slices))["predictions"]
        return [
            Detections.from_corners(
                np.array(each["bboxes"], np.float64).reshape(-1, 4).clip(0, [width, height] * 2),
                np.array(each["scores"], np.float64),
                np.array(each["labels"], np.int64),
            )
            for each in predictions
        ]


def _class_names(config: Config, names: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """Return the class names that a checkpoint, or else its config's dataset, gives the labels.

    Raises:
        ValueError: If there are not as many as the model has outputs.
    """
    heads = (config.model.get("roi_head") or config.model).get("bbox_head") or {}
    for head in heads if isinstance(heads, list) else [heads]:
        if head.get("num_classes", len(names)) != len(names):
            raise ValueError(
                f"{path} and its config name {len(names)} classes, "
                f"but the model's num_classes is {head['num_classes']}"
            )
    return names
