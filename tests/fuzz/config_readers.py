"""Configs, as ``adla check``, ``adla predict`` and ``adla export`` read them."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from adla.cli.predict import choose_settings
from adla.cli.predict_arguments import parse_args
from adla.config_file import build_model, load_config
from adla.dataset_check.annotations import read_records
from adla.dataset_check.config_datasets import config_sources
from adla.dataset_check.inspection import inspect_source
from adla.dataset_check.network_view import eyes_of
from adla.inference.detector import check_score_thr, load_detector_config
from adla.models.checkpoints import classes_in

from ..dataset_check.toy import toy_dataset, write_toy
from .byte_damage import damaged_bytes
from .json_places import damaged

MODEL = {
    "type": "RetinaNet",
    "data_preprocessor": {"type": "DetDataPreprocessor", "pad_size_divisor": 16},
    "backbone": {"type": "ResNet", "depth": 18, "base_channels": 4, "out_indices": [0, 1],
                 "num_stages": 2, "strides": [1, 2], "dilations": [1, 1]},
    "neck": {"type": "FPN", "in_channels": [4, 8], "out_channels": 8, "num_outs": 2},
    "bbox_head": {
        "type": "AdlaRetinaHead", "num_classes": 2, "in_channels": 8, "feat_channels": 8,
        "stacked_convs": 1,
        "anchor_generator": {"type": "AnchorGenerator", "scales": [2], "ratios": [1.0],
                             "strides": [4, 8]},
        "bbox_coder": {"type": "DeltaXYWHBBoxCoder"},
    },
    "train_cfg": {"assigner": {"type": "AdaptiveDynamicAssigner", "alpha0": 0.6},
                  "allowed_border": -1},
    "test_cfg": {"score_thr": 0.05, "nms": {"type": "nms", "iou_threshold": 0.5}},
}  # fmt: skip


def sound_config() -> dict[str, Any]:
    """Return a small config of the toy data set, relative to its folder."""
    dataset = toy_dataset(Path("data"), metainfo={"classes": ["ship", "car"]})
    dataset["pipeline"] = [
        {"type": "LoadImageFromFile"},
        {"type": "Resize", "scale": (400, 300), "keep_ratio": True},
        {"type": "PackDetInputs"},
    ]
    train = {"type": "RepeatDataset", "times": 2, "dataset": dataset}
    return {
        "default_scope": "mmdet",
        "model": MODEL,
        "train_dataloader": {"batch_size": 2, "dataset": train},
        "test_dataloader": {"batch_size": 1, "dataset": dataset},
    }


def as_python(document: Any) -> bytes:
    """Write a config: names and values, as far as they are names."""
    pairs = document.items() if isinstance(document, dict) else [("value", document)]
    lines = ["nan, inf = float('nan'), float('inf')"]
    lines += [f"{key} = {value!r}" for key, value in pairs if str(key).isidentifier()]
    return "\n".join(lines).encode(errors="replace")


def config_contents() -> st.SearchStrategy[bytes]:
    sound = sound_config()
    return st.one_of(damaged(sound).map(as_python), damaged_bytes(as_python(sound)))


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write_data(folder: Path) -> None:
    write_toy(folder / "data")


def check(folder: Path) -> None:
    """Do what ``adla check`` does."""
    with inside(folder):
        config = load_config("config.py")
        sources = config_sources(config)
        eyes = eyes_of(config.get("model"))
        for source in sources:
            inspect_source(source, read_records(source.ann_file), eyes)


def predict(folder: Path) -> None:
    """Do what ``adla predict`` and ``adla export`` do before they read a checkpoint."""
    with inside(folder):
        args = parse_args(["config.py", "a.pth", "a.png", "--out", "out"], None)
        config = load_detector_config(args.config)
        choose_settings(args, config)
        check_score_thr(config, args.score_thr)
        classes_in(config, "test")
        build_model(config)
