"""A made-up AI-TOD as it is downloaded."""

import json
from pathlib import Path

from PIL import Image

from adla.datasets import AITODDataset

CLASSES = AITODDataset.METAINFO["classes"]
# Names as in the authors' lists: 1141__0_600 starts 600 rows below 1141__0_0, 200 are shared.
TRAIN = {"1141__0_0.png": [("ship", [1, 2, 3, 4])], "02029.png": [("person", [5, 5, 2, 3])]}
VAL = {"1141__1200_0.png": []}
TEST = {
    "1141__0_600.png": [("vehicle", [1, 1, 8, 8]), ("vehicle", [10, 1, 8, 8])],
    "107__600_600.png": [("airplane", [0, 0, 9, 9.5])],
}


def make_coco(images, first_id=1, classes=CLASSES, size=800):
    coco = {"images": [], "annotations": [], "info": {"year": 2019}}
    coco["categories"] = [{"id": first_id + i, "name": name} for i, name in enumerate(classes)]
    for image_id, (name, objects) in enumerate(images.items(), start=first_id):
        image = {"id": image_id, "file_name": name, "width": size, "height": size}
        coco["images"].append(image)
        for label, box in objects:
            coco["annotations"].append(
                {
                    "id": len(coco["annotations"]) + first_id,
                    "image_id": image_id,
                    "category_id": first_id + classes.index(label),
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
            )
    return coco


def write_json(path, coco):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(coco))


def write_images(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("L", (800, 800)).save(folder / name)


def write_aitod(root: Path) -> Path:
    write_json(root / "annotations" / "aitod_trainval_v1.json", make_coco(TRAIN | VAL))
    write_json(root / "annotations" / "aitod_test_v1.json", make_coco(TEST))
    write_images(root / "images" / "trainval", TRAIN | VAL)
    write_images(root / "images" / "test", TEST)
    return root
