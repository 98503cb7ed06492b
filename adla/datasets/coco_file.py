"""COCO json files, read and checked, so that a damaged one gives one clear message."""

import json
import os
from pathlib import Path
from reprlib import repr as short
from typing import Any

from .problems import raise_problems

# Beyond it a number is no pixel coordinate; it also keeps sums of whole numbers in float range.
MAX_COORDINATE = 1e9


def load_coco(path: str | os.PathLike) -> dict[str, Any]:
    """Read a COCO detection file that readers can rely on.

    Raises:
        FileNotFoundError: If there is no such file; names the json files beside it.
        ValueError: If the file is no COCO detection file; one message lists all that is wrong.
    """
    coco, problems = read_coco(path)
    raise_problems(problems, path, "")
    return coco


def read_coco(path: str | os.PathLike) -> tuple[dict[str, Any], list[str]]:
    """Read a COCO detection file and list what is wrong with it.

    Checked are the three lists, ids (unique), references between the lists, names, image sizes,
    and that boxes are four numbers. Whether a box lies in its image is left to the reader.

    Raises:
        FileNotFoundError: If there is no such file; names the json files beside it.
    """
    path = Path(path)
    if not path.is_file():
        beside = sorted(other.name for other in path.parent.glob("*.json"))
        there = f"{path.parent} holds {', '.join(beside)}" if beside else "no json file is there"
        raise FileNotFoundError(f"annotation file {path} does not exist; {there}")
    try:
        coco = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return {}, [f"not JSON ({error})"]
    if not isinstance(coco, dict):
        return {}, [f"not a COCO file: a {type(coco).__name__}, not an object, on the top level"]
    return coco, coco_problems(coco)


def coco_problems(coco: dict[str, Any]) -> list[str]:
    """List what is wrong with the structure of COCO annotations."""
    problems: list[str] = []
    ids = {key: _check_ids(coco, key, problems) for key in ("images", "categories", "annotations")}
    if problems:
        return problems
    if not coco["images"]:
        problems.append('"images" is empty')
    for index, image in enumerate(coco["images"]):
        _check_image(image, f"images[{index}]", problems)
    for index, category in enumerate(coco["categories"]):
        if not isinstance(category.get("name"), str):
            problems.append(f"categories[{index}]: name {short(category.get('name'))} is no string")
    for index, ann in enumerate(coco["annotations"]):
        _check_annotation(ann, index, ids["images"], ids["categories"], problems)
    return problems


def is_number(value: Any) -> bool:
    """Say whether a value read from json is a number; infinities and nan are."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_finite(value: float) -> bool:
    """Say whether a number can be a pixel coordinate."""
    return abs(value) < MAX_COORDINATE


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _check_ids(coco: dict[str, Any], key: str, problems: list[str]) -> set[int | str]:
    """Check that a list of objects is there and each has an id of its own; return the ids."""
    ids: set[int | str] = set()
    entries = coco.get(key)
    if not isinstance(entries, list):
        problems.append(f'no list "{key}" (an empty one is written "{key}": [])')
        return ids
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            problems.append(f"{key}[{index}]: {short(entry)} is no object")
            continue
        value = entry.get("id")
        if not _is_id(value):
            problems.append(f"{key}[{index}]: id {short(value)} is no whole number or string")
        elif value in ids:
            problems.append(f"{key}[{index}]: id {short(value)} is there more than once")
        else:
            ids.add(value)
    return ids


def _check_image(image: dict[str, Any], where: str, problems: list[str]) -> None:
    name = image.get("file_name")
    if not (isinstance(name, str) and name):
        problems.append(f"{where}: file_name {short(name)} is no name")
    for side in ("width", "height"):
        value = image.get(side)
        if not (is_number(value) and 0 < value < MAX_COORDINATE):
            problems.append(f"{where}: {side} {short(value)} is no size in pixels")


def _check_annotation(
    ann: dict[str, Any], index: int, images: set, categories: set, problems: list[str]
) -> None:
    for key, known in (("image_id", images), ("category_id", categories)):
        value = ann.get(key)
        if not _is_id(value) or value not in known:
            problems.append(f"annotations[{index}]: {key} {short(value)} is not in the file")
    box = ann.get("bbox")
    if not (isinstance(box, list) and len(box) == 4 and all(map(is_number, box))):
        problems.append(f"annotations[{index}]: bbox {short(box)} is not four numbers")
    area = ann.get("area", 0)
    if not is_number(area) or abs(area) >= MAX_COORDINATE**2:
        problems.append(f"annotations[{index}]: area {short(area)} is no number")
    for key in ("iscrowd", "ignore"):
        if ann.get(key, 0) not in (0, 1):
            problems.append(f"annotations[{index}]: {key} {short(ann[key])} is neither 0 nor 1")
