"""Detections as COCO json and as GeoJSON, item by item, in files that are whole or not there."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from affine import Affine
from numpy import ndarray
from rasterio.crs import CRS
from rasterio.warp import transform as warp

from adla.atomic_files import atomic_file
from adla.evaluation.box_arrays import Detections

#: What RFC 7946 asks for: longitude and latitude on WGS 84.
WGS84 = CRS.from_epsg(4326)


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


def lonlat_corners(boxes: ndarray, transform: Affine, crs: CRS) -> ndarray:
    """Return the corners of boxes on the ground.

    Args:
        boxes: Shape (N, 4), xyxy in pixels of the scene.
        transform: From pixels (column, row) to coordinates of the scene.
        crs: Coordinate reference system of the scene.

    Returns:
        Closed rings of shape (N, 5, 2), longitude and latitude in degrees, counterclockwise.
    """
    ring = [(0, 1), (0, 3), (2, 3), (2, 1), (0, 1)]
    pixels = np.stack([boxes[:, pair] for pair in ring], axis=1).reshape(-1, 2)
    xs = transform.a * pixels[:, 0] + transform.b * pixels[:, 1] + transform.c
    ys = transform.d * pixels[:, 0] + transform.e * pixels[:, 1] + transform.f
    points = np.stack(warp(crs, WGS84, xs, ys), axis=1).reshape(len(boxes), 5, 2)
    first, second = points[:, 1] - points[:, 0], points[:, 2] - points[:, 1]
    clockwise = first[:, 0] * second[:, 1] < first[:, 1] * second[:, 0]
    points[clockwise] = points[clockwise, ::-1]
    return points


def geojson_features(
    found: Detections, image: str, classes: Sequence[str], transform: Affine, crs: CRS
) -> Iterator[dict]:
    """Yield detections as GeoJSON features (RFC 7946); corners to 1e-8 degrees, a millimeter."""
    corners = found.corners
    rings = lonlat_corners(corners, transform, crs).round(8)
    for ring, box, score, label in zip(rings, corners, found.scores, found.labels, strict=True):
        yield {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring.tolist()]},
            "properties": {
                "class": classes[label],
                "score": round(float(score), 6),
                "image": image,
                "box": [round(float(value), 3) for value in box],
            },
        }
