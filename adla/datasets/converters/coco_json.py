"""COCO json building blocks shared by the dataset converters."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

MAX_LISTED_PROBLEMS = 20


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


def raise_problems(problems: Sequence[str], source: Path) -> None:
    """Raise one error that lists everything wrong with a dataset.

    Raises:
        ValueError: If there is any problem; the first 20 are listed, then how many more there are.
    """
    if not problems:
        return
    lines = [f"{len(problems)} problem(s) in {source}; nothing was written:"]
    lines += [f"  - {problem}" for problem in problems[:MAX_LISTED_PROBLEMS]]
    if len(problems) > MAX_LISTED_PROBLEMS:
        lines.append(f"  ... and {len(problems) - MAX_LISTED_PROBLEMS} more")
    raise ValueError("\n".join(lines))


def coco_dict(records: Iterable[ImageRecord], class_name: str, description: str) -> dict:
    """Build the COCO dictionary of a one-class split.

    Image and annotation ids count from 1: pycocotools stores a match with annotation id 0 as 0,
    its mark for "unmatched", and would count that detection as a false positive.
    """
    images, annotations = [], []
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
        "info": {"description": description},
        "licenses": [],
        "categories": [{"id": 1, "name": class_name}],
        "images": images,
        "annotations": annotations,
    }


def write_all(files: Mapping[Path, dict]) -> None:
    """Write several json files, each whole or not at all, none before all could be serialised."""
    temporary: dict[Path, Path] = {}
    try:
        for target, content in files.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary[target] = target.with_name(f".{target.name}.{os.getpid()}.tmp")
            temporary[target].write_text(json.dumps(content), encoding="utf-8")
        for target, written in temporary.items():
            os.replace(written, target)
    finally:
        for written in temporary.values():
            written.unlink(missing_ok=True)


def split_summary(coco: Mapping) -> dict[str, float]:
    """Count a split and describe its box sizes, sqrt(w * h) in pixels (nan without boxes)."""
    sizes = np.sqrt([ann["area"] for ann in coco["annotations"]])
    with_boxes = {ann["image_id"] for ann in coco["annotations"]}
    summary = {
        "images": len(coco["images"]),
        "empty": len(coco["images"]) - len(with_boxes),
        "boxes": len(sizes),
    }
    points = np.percentile(sizes, (5, 50, 95, 100)) if len(sizes) else np.full(4, np.nan)
    return summary | dict(zip(("p5", "p50", "p95", "max"), points.tolist(), strict=True))
