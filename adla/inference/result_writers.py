"""Detections as lists in json files, item by item; a file is whole or not there."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from adla.atomic_files import atomic_file
from adla.evaluation.box_arrays import Detections

#: Output and its file; `annotated` is a folder.
FORMATS = {
    "coco": "detections.json",
    "results": "results.json",
    "geojson": "detections.geojson",
    "picture": "detections.png",
    "annotated": "annotated",
}


class JsonList:
    """A json list inside an open file, written item by item."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._empty = file, True

    def add(self, items: Iterable[Any]) -> None:
        """Append items."""
        for item in items:
            self._file.write(("" if self._empty else ",\n") + json.dumps(item, ensure_ascii=False))
            self._empty = False


@contextmanager
def json_list(path: Path, before: str = "", after: str = "") -> Iterator[JsonList]:
    """Open a json list that appears at `path` once it is whole.

    Args:
        path: The file.
        before: Json text in front of the list.
        after: Json text behind it.
    """
    with atomic_file(path) as file:
        file.write(before + "[\n")
        yield JsonList(file)
        file.write("\n]" + after + "\n")


def coco_head(images: Sequence[dict], categories: Sequence[dict]) -> str:
    """Return a COCO file up to its list of annotations."""
    head = json.dumps({"images": list(images), "categories": list(categories)}, ensure_ascii=False)
    return head[:-1] + ',\n"annotations": '


def coco_results(found: Detections, image_id: int, category_ids: Sequence[int]) -> Iterator[dict]:
    """Yield detections as entries of a COCO result list; xywh to a thousandth of a pixel."""
    for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True):
        yield {
            "image_id": image_id,
            "category_id": category_ids[label],
            "bbox": [round(float(value), 3) for value in box],
            "score": round(float(score), 6),
        }


def to_annotations(results: Iterable[dict], start: int) -> Iterator[dict]:
    """Yield entries of a result list as annotations with ids from `start`, areas and scores."""
    for number, result in enumerate(results, start):
        width, height = result["bbox"][2:]
        yield {"id": number, **result, "area": round(width * height, 3), "iscrowd": 0}
