"""Annotations and detections of anyone, read from COCO json and checked before use."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from adla.datasets.coco_file import (
    MAX_COORDINATE,
    entry_faults,
    is_box,
    is_id,
    is_number,
    load_coco,
    read_json,
)
from adla.datasets.image_identity import describe_repeated_images

from .annotated_areas import describe_other_areas
from .box_arrays import Detections, GroundTruth

Notes = list[str]


def load_ground_truth(path: str | os.PathLike) -> tuple[dict[str, Any], GroundTruth, Notes]:
    """Read a COCO annotation file.

    Returns:
        The content of the file, its boxes, and what a user should know but need not mend.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no COCO detection file, or a box is not finite or has a negative side.
    """
    dataset = load_coco(path)
    annotations = dataset["annotations"]
    try:
        truth = GroundTruth.from_coco(dataset)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    _check_boxes(path, truth.boxes, annotations)
    wrong_area = ~(np.isfinite(truth.areas) & (truth.areas >= 0))
    _refuse(path, wrong_area, annotations, "an area that is negative or not finite")
    notes = []
    if any(ann["id"] == 0 for ann in annotations):
        notes.append(
            f"{path} has an annotation with id 0, whose match pycocotools counts as a false "
            "alarm; here the ids are shifted, so it counts as found"
        )
    without_area = sum("area" not in ann for ann in annotations)
    if without_area:
        notes.append(f"{without_area} annotations have no area; width times height stands for it")
    notes += [f"{path}: {text}" for text in suspicions_of(dataset)]
    return dataset, truth, notes


def suspicions_of(dataset: Mapping) -> Notes:
    """Say what is allowed in COCO annotations, but bends what is measured on them."""
    texts = (
        describe_repeated_images(dataset["images"]),
        describe_other_areas(dataset["annotations"]),
    )
    return [text for text in texts if text]


def load_detections(
    path: str | os.PathLike, dataset: Mapping, truth: GroundTruth
) -> tuple[Detections, Notes]:
    """Read a COCO result file: a list of detections, or an object with them as ``annotations``.

    Args:
        path: The json; each detection has ``image_id, category_id, bbox`` (xywh) and ``score``.
        dataset: Content of the annotation file.
        truth: Its boxes, see :func:`load_ground_truth`.

    Returns:
        The detections, and what a user should know but need not mend.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the detections are not what they must be or do not belong to the
            annotations; the message names the first that is wrong.
    """
    entries = _read_entries(path, dataset)
    for key in ("image_id", "category_id", "bbox", "score"):
        lacking = [not (isinstance(entry, dict) and key in entry) for entry in entries]
        _refuse(path, np.array(lacking, bool), entries, f"no {key!r}")
    names = {image.get("file_name") for image in dataset["images"]}
    images = _positions(path, entries, "image_id", truth.image_ids, names)
    category_ids = [category["id"] for category in dataset["categories"]]
    labels = _positions(path, entries, "category_id", category_ids, set(truth.class_names))
    boxes = _numbers(path, entries, "bbox", (4,))
    scores = _numbers(path, entries, "score", ())
    _check_boxes(path, boxes, entries)
    outside = ~((scores >= 0) & (scores <= 1))
    _refuse(path, outside, entries, "a score outside [0, 1] (divide percentages by 100)")
    return Detections(boxes, scores, labels, images), _suspicions(dataset, images, boxes)


def _read_entries(path: str | os.PathLike, dataset: Mapping) -> list:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"detection file {path} does not exist")
    try:
        content = read_json(path)
    except ValueError as error:
        raise ValueError(f"{path} is {error}") from None
    if isinstance(content, dict):
        _check_categories(path, content.get("categories", []), dataset)
        content = content.get("annotations")
    if not isinstance(content, list):
        raise ValueError(f'{path} holds no list of detections and no object with "annotations"')
    return content


def _check_categories(path: Path, theirs: Any, dataset: Mapping) -> None:
    """Refuse a result file whose categories are none, or have other names."""
    if not isinstance(theirs, list):
        raise ValueError(
            f'{path}: "categories" is {short(theirs)}, not a list; a result file may leave it out'
        )
    for index, category in enumerate(theirs):
        faults = entry_faults("categories", category)
        if faults:
            raise ValueError(f"{path}: categories[{index}]: {faults[0]}")
    names = {category["id"]: category["name"] for category in theirs}
    for category in dataset["categories"]:
        name = names.get(category["id"], category["name"])
        if name != category["name"]:
            raise ValueError(
                f"{path} names category {category['id']!r} {name!r}, but the annotations "
                f"{category['name']!r}: the two files number their categories differently"
            )


def _positions(
    path: str | os.PathLike, entries: Sequence[dict], key: str, ids: Sequence, names: set
) -> np.ndarray:
    """Return the index in ``ids`` of each detection's id."""
    index = {known: position for position, known in enumerate(ids)}
    found = [entry[key] for entry in entries]
    no_id = [not is_id(value) for value in found]
    _refuse(path, np.array(no_id, bool), entries, f"a {key} that is no whole number or text")
    positions = np.array([index.get(value, -1) for value in found], np.int64)
    unknown = list(dict.fromkeys(found[i] for i in np.flatnonzero(positions < 0)))
    if unknown:
        hint = ""
        if {str(value) for value in unknown} & {str(known) for known in index}:
            hint = f"; those of the annotations are {type(ids[0]).__name__}, such as {ids[0]!r}"
        elif names & set(unknown):
            hint = "; they are names: write the ids that the annotation file gives them"
        raise ValueError(
            f"{path}: {(positions < 0).sum()} of {len(found)} detections have a {key} that is not "
            f"in the annotations: {', '.join(map(repr, unknown[:5]))}"
            f"{', ...' if len(unknown) > 5 else ''}{hint}"
        )
    return positions


def _numbers(
    path: str | os.PathLike, entries: Sequence[dict], key: str, shape: tuple[int, ...]
) -> np.ndarray:
    """Return a column of numbers as float64, one row per detection."""
    if not entries:
        return np.zeros((0, *shape))
    column = [entry[key] for entry in entries]
    try:
        values = np.array(column)
    except ValueError:  # boxes of different lengths
        values = np.zeros(0)
    if values.dtype.kind not in "iuf" or values.shape != (len(column), *shape):
        is_right: Callable[[Any], bool] = is_box if shape else is_number
        wrong = np.array([not is_right(value) for value in column], bool)
        _refuse(
            path, wrong, entries, f"a {key} that is not {'four numbers' if shape else 'a number'}"
        )
    return values.astype(np.float64)


def _check_boxes(path: str | os.PathLike, boxes: np.ndarray, entries: Sequence[dict]) -> None:
    """Refuse boxes (N, 4), xywh, that are not finite, too far off or have a negative side."""
    _refuse(path, ~np.isfinite(boxes).all(1), entries, "a bbox that is not finite")
    far = (np.abs(boxes) >= MAX_COORDINATE).any(1)
    _refuse(path, far, entries, "a bbox beyond any pixel")
    negative = np.any(boxes[:, 2:] < 0, axis=1)
    _refuse(path, negative, entries, "a negative width or height (bbox is [x, y, width, height])")


def _refuse(path: str | os.PathLike, wrong: np.ndarray, entries: Sequence[Any], what: str) -> None:
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"{path}: {wrong.sum()} of {len(entries)} entries have {what}, the first is entry "
            f"{first}: {short(entries[first])}"
        )


def _suspicions(dataset: Mapping, images: np.ndarray, boxes: np.ndarray) -> Notes:
    """Say what is allowed but rarely meant."""
    if not len(boxes):
        return ["there is not a single detection: every object counts as missed"]
    sizes = {image["id"]: (image["width"], image["height"]) for image in dataset["images"]}
    limits = np.array([sizes[image_id] for image_id in sorted(sizes)], np.float64)
    beyond = (boxes[:, :2] + boxes[:, 2:] > limits[images] + 1).any(1).mean()
    if beyond > 0.2:
        return [
            f"{beyond:.0%} of the boxes end outside of their image: bbox must be [x, y, width, "
            "height], not [x1, y1, x2, y2]"
        ]
    return []
