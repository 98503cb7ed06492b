"""COCO json building blocks shared by the dataset converters."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from adla.atomic_files import atomic_paths

from ..coco_file import is_finite
from .images import Writer


@dataclass
class ImageRecord:
    """One image and its ground truth.

    Args:
        file_name: Name relative to the image folder.
        width: Image width in pixels.
        height: Image height in pixels.
        boxes: ``(x, y, w, h)`` in pixels, continuous 0-based coordinates.
    """

    file_name: str
    width: int
    height: int
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)


def number(text: str) -> float:
    """Read a finite number as annotation files write it.

    Raises:
        ValueError: If it is none; Python's own digit groups (``1_000``) are none.
    """
    value = float(text)
    if "_" in text or not is_finite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value


def box_fault(
    box: tuple[float, float, float, float], image_size: tuple[int, int], overhang: float = 0.0
) -> str | None:
    """Say what is wrong with a box ``(x, y, w, h)``, or None.

    Args:
        box: The box in pixels, continuous 0-based coordinates.
        image_size: ``(width, height)`` of its image in pixels.
        overhang: By how many pixels a side may leave the image.
    """
    x, y, w, h = box
    if not all(map(is_finite, box)):
        return "is not finite"
    if not (w > 0 and h > 0):
        return "has no width or height"
    beyond = max(-x, -y, x + w - image_size[0], y + h - image_size[1])
    return f"leaves the image of {image_size}" if beyond > overhang else None


def coco_dict(
    records: Iterable[ImageRecord], class_name: str, description: str, **info: str | int | bool
) -> dict:
    """Build the COCO dictionary of a one-class split; ``info`` goes beside the description.

    Image and annotation ids count from 1: pycocotools stores a match with annotation id 0 as 0,
    its mark for "unmatched", and would count that detection as a false positive.
    """
    images: list[dict] = []
    annotations: list[dict] = []
    for image_id, record in enumerate(records, start=1):
        images.append(
            {
                "id": image_id,
                "file_name": record.file_name,
                "width": record.width,
                "height": record.height,
            }
        )
        for x, y, w, h in record.boxes:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": 1,
                    "bbox": [x, y, w, h],
                    "area": w * h,
                    "iscrowd": 0,
                }
            )
    return {
        "info": {"description": description, **info},
        "licenses": [],
        "categories": [{"id": 1, "name": class_name}],
        "images": images,
        "annotations": annotations,
    }


def write_all(files: Mapping[Path, dict], images: Mapping[Path, Writer] | None = None) -> None:
    """Write json files and the images that belong to them.

    All of them appear when all are written. If that fails or is interrupted, none does, and what
    was there before stays.

    Args:
        files: Content of each json file.
        images: What writes each image file, folder or link, see :func:`.images.image_writers`.

    Raises:
        FileExistsError: If there is a folder in the place of a json file.
    """
    for path in files:
        if path.is_dir():
            raise FileExistsError(f"{path} is there and is a folder: remove it")
    writers: dict[Path, Writer] = {path: partial(_write_json, files[path]) for path in files}
    writers.update(images or {})
    with atomic_paths(writers) as drafts:
        for draft, write in zip(drafts, writers.values(), strict=True):
            write(draft)


def _write_json(content: dict, draft: Path) -> None:
    draft.write_text(json.dumps(content), encoding="utf-8")


def split_summary(coco: Mapping) -> dict[str, float]:
    """Count a split and describe its box sizes, sqrt(w * h) in pixels (nan without boxes).

    Crowds are no boxes here.
    """
    annotations = [ann for ann in coco["annotations"] if not ann.get("iscrowd", 0)]
    sides = np.reshape([ann["bbox"][2:] for ann in annotations], (-1, 2))
    sizes = np.sqrt(np.clip(sides.astype(float), 0, None).prod(axis=1))
    with_boxes = {ann["image_id"] for ann in annotations}
    summary = {
        "images": len(coco["images"]),
        "empty": len(coco["images"]) - len(with_boxes),
        "boxes": len(sizes),
    }
    points = np.percentile(sizes, (5, 50, 95, 100)) if len(sizes) else np.full(4, np.nan)
    return summary | dict(zip(("p5", "p50", "p95", "max"), points.tolist(), strict=True))
