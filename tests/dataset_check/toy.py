"""A small sound data set, to be damaged by tests."""

import json
from pathlib import Path

import numpy as np
from mmengine.config import Config
from PIL import Image

from adla.dataset_check.annotations import read_records
from adla.dataset_check.config_datasets import Source, config_sources
from adla.dataset_check.inspection import Inspection, inspect_source
from adla.dataset_check.network_view import Eyes

WIDTH, HEIGHT = 64, 48
CLASSES = ("ship", "car")


def toy_coco() -> dict:
    """Three images, the last without object; two ships and a car."""
    images = [dict(id=i, file_name=f"{i}.png", width=WIDTH, height=HEIGHT) for i in (1, 2, 3)]
    boxes = [(1, 1, [4, 5, 6, 3]), (1, 2, [20.5, 10, 12, 9]), (2, 1, [60, 40, 4, 8])]
    annotations = [
        dict(id=k, image_id=i, category_id=c, bbox=box, area=box[2] * box[3], iscrowd=0)
        for k, (i, c, box) in enumerate(boxes, 1)
    ]
    categories = [dict(id=k, name=name) for k, name in enumerate(CLASSES, 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def write_toy(root: Path, coco: dict | None = None) -> None:
    """Write the images and `train.json`."""
    rng = np.random.default_rng(0)
    (root / "images").mkdir(parents=True, exist_ok=True)
    for i in (1, 2, 3):
        pixels = rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{i}.png")
    (root / "train.json").write_text(json.dumps(coco or toy_coco()))


def toy_dataset(root: Path, **options) -> dict:
    """Return the config of the dataset."""
    dataset = dict(
        type="TinyCocoDataset",
        metainfo=dict(classes=CLASSES),
        data_root=str(root),
        ann_file="train.json",
        data_prefix=dict(img="images/"),
        pipeline=[dict(type="LoadImageFromFile"), dict(type="Resize", scale_factor=2.0)],
    )
    return dataset | options


def toy_source(root: Path, **options) -> Source:
    """Return the dataset as a training would open it."""
    cfg = Config(dict(train_dataloader=dict(dataset=toy_dataset(root, **options))))
    return config_sources(cfg, "train")[0]


def inspect_toy(root: Path, eyes: Eyes | None = None, **options) -> Inspection:
    """Inspect the dataset."""
    source = toy_source(root, **options)
    return inspect_source(source, read_records(source.ann_file), eyes or Eyes(), jobs=2)
