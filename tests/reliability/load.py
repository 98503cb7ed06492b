"""Measure adla under load: time, and peak memory of the process.

    python -m tests.reliability.load evaluation objects scene folder

evaluation: 1,000,000 detections in 100,000 images through ``adla eval``. objects: a training of one
step, the light RetinaNet with ADLA on an image with 20,000 objects. scene: ``adla predict`` on
60,000 x 60,000 pixels, all but 9,000,000 of them without data. folder: ``adla predict`` on 50,000
images of 64 x 64 pixels. The detector has random weights.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.windows import Window

from ..engine.training import tiny_config
from ..inference.random_detector import write_detector

REPO = Path(__file__).parents[2]


def measure(words: Sequence[str | Path], log: Path) -> tuple[float, float]:
    """Run ``adla`` and return the seconds that it took and its peak memory in MiB.

    Raises:
        RuntimeError: If it fails.
    """
    started = time.monotonic()
    command = [sys.executable, "-m", "adla", *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1"}
    output = os.open(log, os.O_WRONLY | os.O_CREAT)
    actions = [(os.POSIX_SPAWN_DUP2, output, stream) for stream in (1, 2)]
    pid = os.posix_spawn(sys.executable, command, env, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    os.close(output)
    if status:
        raise RuntimeError(log.read_text(errors="replace")[-3000:])
    return time.monotonic() - started, usage.ru_maxrss / 1024


def random_boxes(count: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """Return boxes x, y, width, height of 4 to 16 px inside an image."""
    sides = generator.uniform(4, 16, (count, 2))
    return np.concatenate([generator.uniform(0, size - 16, (count, 2)), sides], 1).round(2)


def coco(num_images: int, boxes: np.ndarray, images: np.ndarray, size: int) -> dict:
    """Return boxes in images as COCO annotations of one class."""
    return {
        "images": [
            {"id": i, "file_name": f"{i}.png", "width": size, "height": size}
            for i in range(num_images)
        ],
        "categories": [{"id": 1, "name": "vehicle"}],
        "annotations": [
            {"id": i, "image_id": image, "category_id": 1, "bbox": box, "iscrowd": 0}
            | {"area": box[2] * box[3]}
            for i, (image, box) in enumerate(zip(images.tolist(), boxes.tolist(), strict=True), 1)
        ],
    }


def evaluation(root: Path) -> list[str | Path]:
    """Return the command on a million detections, half of them beside an object."""
    generator = np.random.default_rng(0)
    boxes = random_boxes(500_000, 800, generator)
    images = generator.integers(0, 100_000, len(boxes))
    (root / "gt.json").write_text(json.dumps(coco(100_000, boxes, images, 800)))
    near = boxes + generator.normal(0, 1, boxes.shape) * [1, 1, 0, 0]
    found = np.concatenate([near, random_boxes(500_000, 800, generator)]).round(2)
    where = np.concatenate([images, generator.integers(0, 100_000, 500_000)])
    scores = generator.uniform(0, 1, len(found)).round(4)
    columns = (where.tolist(), found.tolist(), scores.tolist())
    results = [
        {"image_id": image, "category_id": 1, "bbox": box, "score": score}
        for image, box, score in zip(*columns, strict=True)
    ]
    (root / "dt.json").write_text(json.dumps(results))
    return ["eval", root / "gt.json", root / "dt.json"]


def objects(root: Path) -> list[str | Path]:
    """Return the training of one step on an image with 20,000 objects."""
    (root / "images").mkdir()
    (root / "annotations").mkdir()
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 255, (2048, 2048, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / "images" / "0.png")
    boxes = random_boxes(20_000, 2048, generator)
    content = coco(1, boxes, np.zeros(len(boxes), int), 2048)
    names = ("vehicle", "ship", "storage-tank", "person")
    content["categories"] = [{"id": i, "name": name} for i, name in enumerate(names, 1)]
    for split in ("train", "val"):
        (root / "annotations" / f"{split}.json").write_text(json.dumps(content))
    cfg = tiny_config(
        root,
        root / "work",
        **{
            "train_cfg.max_epochs": 1,
            "train_cfg.val_interval": 2,
            "train_dataloader.batch_size": 1,
            "default_hooks.logger.interval": 1,
        },
    )
    cfg.dump(root / "training.py")
    return ["train", root / "training.py"]


def scene(root: Path) -> list[str | Path]:
    """Return the prediction on a scene of 60,000 x 60,000 pixels."""
    side, tile = 60_000, 3_000
    options = dict(driver="GTiff", tiled=True, compress="deflate", sparse_ok=True, nodata=0)
    with rasterio.open(
        root / "scene.tif", "w", width=side, height=side, count=3, dtype="uint8", **options
    ) as file:
        values = np.random.default_rng(0).integers(1, 255, (3, tile, tile), dtype=np.uint8)
        file.write(values, window=Window(30_000, 30_000, tile, tile))
    return predict(root, root / "scene.tif")


def folder(root: Path) -> list[str | Path]:
    """Return the prediction on 50,000 small images."""
    (root / "images").mkdir()
    generator = np.random.default_rng(0)
    for number in range(50_000):
        pixels = generator.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{number}.png")
    return predict(root, root / "images")


def predict(root: Path, source: Path) -> list[str | Path]:
    """Return the prediction of a detector with random weights."""
    config, checkpoint = write_detector(root)
    return ["predict", config, checkpoint, source, "--out", root / "found", "--score-thr", "0.2"]


LOADS = {load.__name__: load for load in (evaluation, objects, scene, folder)}


def main(words: Sequence[str] | None = None) -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("loads", nargs="+", choices=LOADS)
    for name in parser.parse_args(words).loads:
        with tempfile.TemporaryDirectory() as root:
            command = LOADS[name](Path(root))
            seconds, memory = measure(command, Path(root) / "log")
            print(f"{name}: {seconds:.1f} s, {memory:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
