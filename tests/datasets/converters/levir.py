"""A made-up LEVIR-Ship in the layouts in which it is published."""

import json
from pathlib import Path

from PIL import Image

WIDTH, HEIGHT = 64, 48


def write_image(path: Path, size=(WIDTH, HEIGHT)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (40, 60, 90)).save(path)


def yolo_line(x, y, w, h) -> str:
    """One label for a box in pixels."""
    center = ((x + w / 2) / WIDTH, (y + h / 2) / HEIGHT, w / WIDTH, h / HEIGHT)
    return " ".join(["0", *(repr(float(v)) for v in center)])


def write_label(path: Path, boxes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(yolo_line(*box) + "\n" for box in boxes))


def write_yolo(root: Path, splits: dict[str, dict[str, list | None]]) -> Path:
    """Write `root/<split>/{images,labels}`; boxes are (x, y, w, h), None means no label file."""
    for split, images in splits.items():
        (root / split / "labels").mkdir(parents=True)
        for stem, boxes in images.items():
            write_image(root / split / "images" / f"{stem}.png")
            if boxes is not None:
                write_label(root / split / "labels" / f"{stem}.txt", boxes)
    return root


def published_coco(images: dict[str, list]) -> dict:
    """The COCO file as the published script makes it: ids from 0, whole pixels, its own area."""
    coco = {"info": "spytensor created", "license": ["license"], "images": [], "annotations": []}
    coco["categories"] = [{"id": 1, "name": "ship"}]
    for image_id, (stem, boxes) in enumerate(images.items()):
        image = {"height": HEIGHT, "width": WIDTH, "id": image_id, "file_name": f"{stem}.png"}
        coco["images"].append(image)
        for x, y, w, h in boxes:
            left, top, right, bottom = int(x), int(y), int(x + w), int(y + h)
            coco["annotations"].append(
                {
                    "id": len(coco["annotations"]),
                    "image_id": image_id,
                    "category_id": 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "iscrowd": 0,
                    "area": (right - left + 1) * (bottom - top + 1),
                }
            )
    return coco


def write_coco(root: Path, splits: dict[str, dict[str, list]]) -> Path:
    (root / "annotations").mkdir(parents=True)
    for split, images in splits.items():
        path = root / "annotations" / f"instances_{split}2017.json"
        path.write_text(json.dumps(published_coco(images)))
        for stem in images:
            write_image(root / f"{split}2017" / f"{stem}.png")
    return root
