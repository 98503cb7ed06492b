"""Detections as GeoJSON features (RFC 7946): counterclockwise, cut at the 180th meridian."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy import ndarray

from adla.evaluation.box_arrays import Detections

from .ground_place import Place


def lonlat_corners(boxes: ndarray, place: Place) -> ndarray:
    """Return the corners of boxes on the ground.

    Args:
        boxes: Shape (N, 4), xyxy in pixels of the scene.
        place: Of the scene.

    Returns:
        Closed rings of shape (N, 5, 2), longitude and latitude in degrees, counterclockwise; the
        longitude goes on beyond 180 where a box crosses that meridian. NaN where a corner is not on
        Earth, or a pole is in the box.
    """
    ring = [(0, 1), (0, 3), (2, 3), (2, 1), (0, 1)]
    pixels = np.stack([boxes[:, pair] for pair in ring], axis=1).reshape(-1, 2)
    points = place.lonlat(pixels).reshape(len(boxes), 5, 2)
    points[..., 0] = _unwrap(points[..., 0])
    around_pole = np.abs(points[:, 4, 0] - points[:, 0, 0]) > 180
    points[around_pole | np.isnan(points).any(axis=(1, 2))] = np.nan
    first, second = points[:, 1] - points[:, 0], points[:, 2] - points[:, 1]
    clockwise = first[:, 0] * second[:, 1] < first[:, 1] * second[:, 0]
    points[clockwise] = points[clockwise, ::-1]
    return points


def _unwrap(longitudes: ndarray) -> ndarray:
    """Go along rings of longitudes (N, 5) by the shorter way, from the first one in [-180, 180)."""
    start = (longitudes[:, :1] + 180) % 360 - 180
    steps = (np.diff(longitudes, axis=1) + 180) % 360 - 180
    return np.concatenate([start, start + np.cumsum(steps, axis=1)], axis=1)


def geometry(ring: ndarray) -> dict:
    """Return a ring as a polygon, or as two on the sides of the 180th meridian (RFC 7946, 3.1.9).

    Args:
        ring: Closed, shape (5, 2), convex, with longitudes that may go on beyond 180 or -180.
    """
    if ring[:, 0].min() < -180:
        ring = ring + np.array([360, 0])
    parts = [ring]
    if ring[:, 0].max() > 180:
        parts = [_clip(ring, 1), _clip(ring, -1) - np.array([360, 0])]
    # Corners to 1e-8 degrees, a millimeter.
    rings = [[part.clip([-180, -90], [180, 90]).round(8).tolist()] for part in parts]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "MultiPolygon", "coordinates": rings}


def _clip(ring: ndarray, side: int) -> ndarray:
    """Return the part of a closed ring with longitudes below (1) or above (-1) 180."""
    points: list[ndarray] = []
    inside = side * (180 - ring[:, 0]) >= 0
    for index in range(len(ring) - 1):
        start, end = ring[index], ring[index + 1]
        if inside[index]:
            points.append(start)
        if inside[index] != inside[index + 1]:
            share = (180 - start[0]) / (end[0] - start[0])
            points.append(np.array([180, start[1] + share * (end[1] - start[1])]))
    return np.array([*points, points[0]])


def geojson_features(
    found: Detections, image: str, classes: Sequence[str], place: Place
) -> Iterator[dict]:
    """Yield detections as GeoJSON features; those that are not on Earth are left out.

    Args:
        found: The detections.
        image: Name of the image.
        classes: Class names, by label.
        place: Of the image.
    """
    corners = found.corners
    rings = lonlat_corners(corners, place)
    for ring, box, score, label in zip(rings, corners, found.scores, found.labels, strict=True):
        if np.isnan(ring).any():
            continue
        yield {
            "type": "Feature",
            "geometry": geometry(ring),
            "properties": {
                "class": classes[label],
                "score": round(float(score), 6),
                "image": image,
                "box": [round(float(value), 3) for value in box],
            },
        }
