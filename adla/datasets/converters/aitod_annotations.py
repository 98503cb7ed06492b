"""Read, check and mend the annotation files of AI-TOD."""

from pathlib import Path

from ..coco_file import is_finite, read_coco
from .aitod_files import NUM_IMAGES, known_names

CLASSES = (
    "airplane",
    "bridge",
    "storage-tank",
    "ship",
    "swimming-pool",
    "vehicle",
    "person",
    "wind-mill",
)


def read_version(
    version: str, paths: dict[str, Path], notes: list[str], problems: list[str]
) -> dict[str, dict]:
    """Read and check the annotation files of a version; trainval and test have to be there."""
    cocos = {}
    for split, path in paths.items():
        coco, faults = read_coco(path)
        problems += [f"{path}: {fault}" for fault in faults]
        if not faults:
            cocos[split] = coco
            _check_classes(path, coco, notes, problems)
            _mend_ids(path, coco, notes)
            _check_boxes(path, coco, notes, problems)
    if "trainval" not in paths and "train" in cocos and "val" in cocos:
        cocos["trainval"] = _join(cocos["train"], cocos["val"])
        notes.append(f"{version}: trainval was put together from train and val")
    for split in ("trainval", "test"):
        if split not in cocos and split not in paths:
            names = ", ".join(known_names(version, split))
            problems.append(f"{version}: no {split} annotations; looked for {names}")
    return cocos


def _check_classes(path: Path, coco: dict, notes: list[str], problems: list[str]) -> None:
    """Check that the eight classes are there; their order in the file does not matter."""
    names = [category["name"] for category in coco["categories"]]
    if sorted(names) != sorted(CLASSES):
        problems.append(f"{path}: categories {names} are not {list(CLASSES)}")
        return
    by_id = sorted(coco["categories"], key=lambda category: str(category["id"]))
    if names != list(CLASSES) or [category["name"] for category in by_id] != names:
        notes.append(
            f"{path.name}: classes in the order {', '.join(names)}; labels follow the names, but "
            "code that goes by the order would mix them up"
        )


def _mend_ids(path: Path, coco: dict, notes: list[str]) -> None:
    """Count annotation ids from 1: an evaluator takes a match with annotation 0 for none."""
    if any(ann["id"] == 0 for ann in coco["annotations"]):
        for index, ann in enumerate(coco["annotations"], start=1):
            ann["id"] = index
        notes.append(f"{path.name}: annotation ids counted from 0; they count from 1 now")


def _check_boxes(path: Path, coco: dict, notes: list[str], problems: list[str]) -> None:
    """Check boxes, and areas, by which the evaluators tell the sizes apart."""
    flat, without_area, other_area = 0, 0, 0
    for ann in coco["annotations"]:
        w, h = ann["bbox"][2:]
        if not all(map(is_finite, ann["bbox"])):
            problems.append(f"{path}: box {ann['bbox']} of annotation {ann['id']} is not finite")
            continue
        without_area += "area" not in ann
        area = ann.setdefault("area", w * h)
        other_area += not abs(area - w * h) <= 1e-3 * abs(w * h)
        flat += not (w > 0 and h > 0)
    for count, text in (
        (flat, "boxes without width or height; they stay, training drops them and says so"),
        (without_area, "boxes without an area; it is w * h now"),
        (other_area, "areas are not w * h; they stay, and decide the size bin in the evaluation"),
    ):
        if count:
            notes.append(f"{path.name}: {count} {text}")


def _join(train: dict, val: dict) -> dict:
    """Put train and val together, with new ids."""
    label_ids = {c["name"]: c["id"] for c in train["categories"]}
    images: list[dict] = []
    annotations: list[dict] = []
    for coco in (train, val):
        names = {c["id"]: c["name"] for c in coco["categories"]}
        new_ids = {}
        for image in coco["images"]:
            new_ids[image["id"]] = len(images) + 1
            images.append(dict(image, id=len(images) + 1))
        for ann in coco["annotations"]:
            label = label_ids.get(names[ann["category_id"]])
            ids = {"id": len(annotations) + 1, "image_id": new_ids[ann["image_id"]]}
            annotations.append({**ann, **ids, "category_id": label})
    return {**train, "images": images, "annotations": annotations}


def check_counts(cocos: dict[str, dict[str, dict]], problems: list[str]) -> None:
    """Compare the numbers of images with the published ones."""
    for version, splits in cocos.items():
        for split, coco in splits.items():
            if len(coco["images"]) != NUM_IMAGES[split]:
                problems.append(
                    f"{version} {split}: {len(coco['images'])} images, published are "
                    f"{NUM_IMAGES[split]} (--any-count accepts it)"
                )
