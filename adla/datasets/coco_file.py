"""COCO json files, read and checked, so that a damaged one gives one clear message."""

import json
import os
import re
from pathlib import Path
from reprlib import repr as short
from typing import Any, TypeGuard

from .problems import raise_problems

# Beyond it a number is no pixel coordinate; it also keeps sums of whole numbers in float range.
MAX_COORDINATE = 1e9
#: The lists of a COCO detection file.
LISTS = ("images", "categories", "annotations")
# An escaped half of a surrogate pair; alone it is no character.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


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
        coco = read_json(path)
    except ValueError as error:
        return {}, [str(error)]
    if not isinstance(coco, dict):
        return {}, [f"not a COCO file: a {type(coco).__name__}, not an object, on the top level"]
    return coco, coco_problems(coco)


def read_json(path: Path) -> Any:
    """Read a json file, in UTF-8 with or without a byte order mark.

    Raises:
        ValueError: If it is none, nested too deep to be read, or has text that no file can hold: an
            escaped half of a surrogate pair.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = json.loads(text)
        if _SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise ValueError(f"not JSON ({half!r} is half of a character)") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({error})") from None
    return content


def coco_problems(coco: dict[str, Any]) -> list[str]:
    """List what is wrong with the structure of COCO annotations."""
    problems = [
        f'no list "{key}" (an empty one is written "{key}": [])'
        for key in LISTS
        if not isinstance(coco.get(key), list)
    ]
    if problems:
        return problems
    if not coco["images"]:
        problems.append('"images" is empty')
    ids: dict[str, set[int | str]] = {key: set() for key in LISTS}
    for key in LISTS:
        for index, entry in enumerate(coco[key]):
            faults = entry_faults(key, entry)
            if not faults and entry["id"] in ids[key]:
                faults.append(f"id {short(entry['id'])} is there more than once")
            if isinstance(entry, dict) and is_id(entry.get("id")):
                ids[key].add(entry["id"])
            if key == "annotations" and not faults:
                faults += [
                    f"{name} {short(entry[name])} is not in the file"
                    for name, known in (("image_id", "images"), ("category_id", "categories"))
                    if entry[name] not in ids[known]
                ]
            problems += [f"{key}[{index}]: {fault}" for fault in faults]
    return problems


def entry_faults(key: str, entry: Any) -> list[str]:
    """List what is wrong with one entry by itself, whatever else is in the file.

    Args:
        key: The list it is in, one of :data:`LISTS`.
        entry: The entry, as json has it.
    """
    if not isinstance(entry, dict):
        return [f"{short(entry)} is no object"]
    names = ("id", "image_id", "category_id") if key == "annotations" else ("id",)
    faults = [
        f"{name} {short(entry.get(name))} is no whole number or string"
        for name in names
        if not is_id(entry.get(name))
    ]
    return faults + _FAULTS[key](entry)


def is_number(value: Any) -> TypeGuard[float]:
    """Say whether a value read from json is a number that a float holds; inf and nan are."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isinstance(value, float) or abs(value) < 2**53


def is_finite(value: float) -> bool:
    """Say whether a number can be a pixel coordinate."""
    return abs(value) < MAX_COORDINATE


def is_box(value: Any) -> bool:
    """Say whether a value read from json is four numbers."""
    return isinstance(value, list) and len(value) == 4 and all(map(is_number, value))


def is_id(value: Any) -> bool:
    """Say whether a value read from json can be an id."""
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _image_faults(image: dict[str, Any]) -> list[str]:
    name, faults = image.get("file_name"), []
    if not (isinstance(name, str) and name):
        faults.append(f"file_name {short(name)} is no name")
    for side in ("width", "height"):
        value = image.get(side)
        if not (is_number(value) and 0 < value < MAX_COORDINATE):
            faults.append(f"{side} {short(value)} is no size in pixels")
    return faults


def _category_faults(category: dict[str, Any]) -> list[str]:
    name = category.get("name")
    return [] if isinstance(name, str) else [f"name {short(name)} is no string"]


def _annotation_faults(ann: dict[str, Any]) -> list[str]:
    faults = []
    if not is_box(ann.get("bbox")):
        faults.append(f"bbox {short(ann.get('bbox'))} is not four numbers")
    area = ann.get("area", 0)
    if not is_number(area) or abs(area) >= MAX_COORDINATE**2:
        faults.append(f"area {short(area)} is no number")
    for key in ("iscrowd", "ignore"):
        if ann.get(key, 0) not in (0, 1):
            faults.append(f"{key} {short(ann[key])} is neither 0 nor 1")
    return faults


_FAULTS = {
    "images": _image_faults,
    "categories": _category_faults,
    "annotations": _annotation_faults,
}
