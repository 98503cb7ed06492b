"""Read sen2ships as its repository has it: one COCO json with RLE masks, a folder per harbor."""

from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np
from pycocotools import mask as rle

from ..coco_file import read_coco
from .coco_json import box_fault
from .sen2ships_pictures import find_pictures

CLASS_NAME = "ship"
_ANNOTATIONS = "coco_annotations.json"
_SUFFIX = "_rgb"
# A ship's box may differ by this much from the extent of its mask before a note says so.
_BOX_TOLERANCE = 1.0


@dataclass
class Scene:
    """One harbor.

    Attributes:
        port: Its name, that of its folder.
        size: Width and height in pixels.
        pictures: The file with red, green and blue, or three files of one band each.
        boxes: ``(x, y, w, h)`` in pixels.
    """

    port: str
    size: tuple[int, int]
    pictures: list[Path] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)


def find_root(src: Path) -> Path:
    """Return the folder with ``coco_annotations.json`` and a folder per harbor.

    Raises:
        FileNotFoundError: If it is not there.
    """
    for root in (src / "sen2ships", src):
        if (root / _ANNOTATIONS).is_file():
            return root
    raise FileNotFoundError(
        f"{src} holds no {_ANNOTATIONS}: give the folder of the repository sen2ships, which has "
        f"sen2ships/{_ANNOTATIONS} and a folder per harbor"
    )


def read_scenes(root: Path, problems: list[str], notes: list[str]) -> list[Scene]:
    """Read all scenes that have an image, with their boxes, in the order of the json.

    Args:
        root: The folder with the json.
        problems: Takes one line for each thing that is wrong.
        notes: Takes what is missing in the repository, or was put in its place.
    """
    coco, faults = read_coco(root / _ANNOTATIONS)
    problems += [f"{_ANNOTATIONS}: {fault}" for fault in faults]
    if faults:
        return []
    scenes = _scenes(coco, problems)
    odd = sum(_add_box(scenes.get(ann["image_id"]), ann, problems) for ann in coco["annotations"])
    if odd:
        notes.append(f"{odd} boxes are not the extents of their masks; kept as published")
    kept = []
    for scene in scenes.values():
        scene.pictures = find_pictures(root / scene.port, scene.size, problems, notes)
        if scene.pictures:
            kept.append(scene)
    if not (kept or problems):
        problems.append("no harbor has an image")
    return kept


def _scenes(coco: dict[str, Any], problems: list[str]) -> dict[int | str, Scene]:
    """Return the scene of each image id."""
    names = [category["name"] for category in coco["categories"]]
    if names != [CLASS_NAME]:
        problems.append(
            f"{_ANNOTATIONS}: categories {short(names)}, but published is {CLASS_NAME!r} alone: "
            "this is another release"
        )
    scenes: dict[int | str, Scene] = {}
    for image in coco["images"]:
        name, size = Path(image["file_name"]).stem, (image["width"], image["height"])
        port = name.removesuffix(_SUFFIX)
        if Path(image["file_name"]).name != image["file_name"] or port in (name, ""):
            problems.append(f"{_ANNOTATIONS}: {short(image['file_name'])} is no HARBOR_rgb file")
        if port in [scene.port for scene in scenes.values()]:
            problems.append(f"{_ANNOTATIONS}: image {port} is there more than once")
        if not all(type(side) is int for side in size):
            problems.append(f"{_ANNOTATIONS}: size {size} of {port} is not in whole pixels")
        scenes[image["id"]] = Scene(port, size)
    return scenes


def _add_box(scene: Scene | None, ann: dict[str, Any], problems: list[str]) -> bool:
    """Add a ship to its scene, and say whether its box is not the extent of its mask."""
    where = f"{_ANNOTATIONS}: annotation {short(ann['id'])}"
    assert scene is not None  # read_coco has checked the references
    box = tuple(ann["bbox"])
    if ann.get("iscrowd", 0):
        problems.append(f"{where}: is a crowd: this is another release")
        return False
    fault = box_fault(box, scene.size)
    if fault:
        problems.append(f"{where}: box {short(box)} {fault}")
        return False
    scene.boxes.append(box)
    extents = _mask_extents(ann.get("segmentation"), scene, where, problems)
    return extents is not None and bool(np.abs(np.subtract(extents, box)).max() > _BOX_TOLERANCE)


def _mask_extents(
    mask: Any, scene: Scene, where: str, problems: list[str]
) -> tuple[float, ...] | None:
    """Return the extents ``(x, y, w, h)`` of a run-length mask, None if something is wrong."""
    counts = mask.get("counts") if isinstance(mask, dict) else None
    if not (isinstance(counts, list) and all(type(run) is int and run >= 0 for run in counts)):
        problems.append(f"{where}: segmentation {short(mask)} is no list of run lengths")
        return None
    width, height = scene.size
    if mask.get("size") != [height, width]:
        problems.append(
            f"{where}: mask of size {short(mask.get('size'))}, but {scene.port} is "
            f"{[height, width]} (height, width)"
        )
        return None
    if sum(counts) != width * height:
        problems.append(f"{where}: run lengths for {sum(counts)} of {width * height} pixels")
        return None
    return tuple(rle.toBbox(rle.frPyObjects(mask, height, width)))
