"""Synthetic aerial scenes with tiny objects, written as a COCO data set."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from adla.atomic_files import atomic_path

from .objects import CLASSES
from .scene import Scene, make_scene

#: What the annotation files say of their origin, so that a tool may recognize its own work.
GENERATOR = "adla.datasets.scenes 1"


def write_scenes(
    out_dir: str | Path,
    num_train: int = 16,
    num_val: int = 8,
    size: int = 256,
    seed: int = 0,
    on_image: Callable[[], Any] = lambda: None,
) -> dict[str, Path]:
    """Write `annotations/{train,val}.json` (COCO, ids from 1) and `images/*.png` under a folder.

    The same arguments give the same files, byte for byte. The folder appears only when it is whole.

    Args:
        out_dir: A folder that does not exist yet or is empty.
        num_train: Number of training images.
        num_val: Number of validation images.
        size: Side of the images in pixels.
        seed: Seed; each image has a stream of its own, so a longer set begins like a shorter one.
        on_image: Called after each image, for a progress bar.

    Returns:
        The annotation file of each split.

    Raises:
        ValueError: If a number is out of range.
        FileExistsError: If the folder holds anything.
    """
    if num_train < 1 or num_val < 1 or seed < 0:
        raise ValueError(
            "num_train and num_val must be at least 1 and seed at least 0, "
            f"but got num_train={num_train}, num_val={num_val}, seed={seed}"
        )
    out_dir = Path(out_dir)
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        raise FileExistsError(f"{out_dir} is not empty; remove it or choose another folder")
    with atomic_path(out_dir) as part:
        _write_splits(part, {"train": num_train, "val": num_val}, size, seed, on_image)
    return {split: out_dir / "annotations" / f"{split}.json" for split in ("train", "val")}


def _write_splits(
    folder: Path, counts: dict[str, int], size: int, seed: int, on_image: Callable[[], Any]
) -> None:
    """Write the splits, name -> number of images, into a folder to make."""
    for name in ("annotations", "images"):
        (folder / name).mkdir(parents=True)
    for index, (split, count) in enumerate(counts.items()):
        scenes = []
        for number in range(1, count + 1):
            scene = make_scene(size, np.random.default_rng([seed, index, number]))
            cv2.imwrite(str(folder / "images" / f"{split}_{number:05d}.png"), scene.image)
            scenes.append(scene)
            on_image()
        (folder / "annotations" / f"{split}.json").write_text(json.dumps(_to_coco(split, scenes)))


def _to_coco(split: str, scenes: list[Scene]) -> dict[str, Any]:
    """Return scenes as a COCO dictionary: ids from 1, boxes xywh to a ten-thousandth of a pixel."""
    images: list[dict] = []
    annotations: list[dict] = []
    for image_id, scene in enumerate(scenes, start=1):
        height, width = scene.image.shape[:2]
        name = f"{split}_{image_id:05d}.png"
        images.append({"id": image_id, "file_name": name, "height": height, "width": width})
        for box, label in zip(scene.boxes, scene.labels, strict=True):
            x, y, w, h = (round(float(v), 4) for v in (*box[:2], *(box[2:] - box[:2])))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": int(label) + 1,
                    "bbox": [x, y, w, h],
                    "area": round(w * h, 4),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": i, "name": name} for i, name in enumerate(CLASSES, start=1)]
    return {
        "info": {"generator": GENERATOR},
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }


def describe_scenes(ann_file: str | Path) -> str:
    """Say in one line how many images, objects and tiny objects an annotation file holds."""
    coco = json.loads(Path(ann_file).read_text())
    counts = Counter(annotation["image_id"] for annotation in coco["annotations"])
    sizes = np.sqrt([annotation["area"] for annotation in coco["annotations"]] or [np.nan])
    return (
        f"{ann_file}: {len(coco['images'])} images, {len(coco['images']) - len(counts)} of them "
        f"empty, {counts.total()} objects, mean size {sizes.mean():.1f} px, "
        f"{np.mean(sizes < 8):.0%} below 8 px, {np.mean(sizes < 16):.0%} below 16 px"
    )
