import numpy as np
import pytest
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.warp import transform as warp

from adla.evaluation.box_arrays import Detections
from adla.inference.geojson import geojson_features, geometry, lonlat_corners
from adla.inference.ground_place import Place

FOUND = Detections.from_corners(
    np.array([[10.0, 20, 14.5, 26], [100, 50, 108, 57]]), np.array([0.9, 0.4]), np.array([1, 0])
)


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        (Affine(0.5, 0, 500_000, 0, -0.5, 5_400_000), "EPSG:32632"),
        (Affine(0.4, 0.3, 500_000, 0.3, -0.4, 5_400_000), "EPSG:32632"),
        (Affine(1e-5, 0, 8, 0, 1e-5, 47), "EPSG:4326"),
    ],
)
def test_corners_lie_where_the_scene_says(transform, crs):
    rings = lonlat_corners(FOUND.corners, Place(CRS.from_string(crs), transform))
    assert rings.shape == (2, 5, 2) and np.array_equal(rings[:, 0], rings[:, 4])
    for ring, (x0, y0, x1, y1) in zip(rings, FOUND.corners, strict=True):
        corners = [transform @ (x, y) if hasattr(transform, "__matmul__") else transform * (x, y)
                   for x in (x0, x1) for y in (y0, y1)]  # fmt: skip
        expected = warp(crs, "EPSG:4326", *zip(*corners, strict=True))
        assert sorted(map(tuple, ring[:4].round(9))) == sorted(
            map(tuple, np.round(np.transpose(expected), 9))
        )
        x, y = (ring - ring[0]).T
        assert (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() > 0, "not counterclockwise"


def test_features_carry_what_was_found():
    transform, crs = Affine(0.5, 0, 500_000, 0, -0.5, 5_400_000), CRS.from_epsg(32632)
    first, _ = geojson_features(FOUND, "scene.tif", ["ship", "car"], Place(crs, transform))
    assert first["properties"] == {
        "class": "car", "score": 0.9, "image": "scene.tif", "box": [10, 20, 14.5, 26],
    }  # fmt: skip
    (longitude, latitude), *_ = first["geometry"]["coordinates"][0]
    assert 8.99 < longitude < 9.01 and 48.7 < latitude < 48.8


def features(boxes, transform, crs):
    """What is written for boxes (N, 4), xyxy."""
    boxes = np.array(boxes, float)
    found = Detections.from_corners(boxes, np.ones(len(boxes)), np.zeros(len(boxes), np.int64))
    return list(geojson_features(found, "a.tif", ["ship"], Place(CRS.from_string(crs), transform)))


def areas(polygons):
    """Signed areas of rings in square degrees."""
    total = []
    for (ring,) in polygons:
        x, y = np.transpose(ring)
        assert ring[0] == ring[-1] and np.abs(x).max() <= 180 and np.abs(y).max() <= 90
        total.append(float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2))
    return total


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        (Affine(0.1, 0, 179, 0, -0.1, 10), "EPSG:4326"),  # 179 to 181 degrees
        (Affine(0.1, 0, -181, 0, -0.1, 10), "EPSG:4326"),
        (Affine(0.1, 0.01, 179, 0, -0.1, 10), "EPSG:4326"),
        (Affine(10_000, 0, 700_000, 0, -10_000, 1_100_000), "EPSG:32660"),
    ],
)
def test_a_box_on_the_180th_meridian_becomes_two_polygons(transform, crs):
    (feature,) = features([[0, 0, 20, 20]], transform, crs)
    shape = feature["geometry"]
    assert shape["type"] == "MultiPolygon" and len(shape["coordinates"]) == 2
    west, east = areas(shape["coordinates"])  # counterclockwise: positive
    assert min(west, east) > 0.1 and 3 < west + east < 5
    (first,), (second,) = shape["coordinates"]
    assert max(x for x, _ in first) == 180 and min(x for x, _ in second) == -180


def test_a_box_that_ends_on_the_180th_meridian_stays_one():
    ring = np.array([[179, 0], [180, 0], [180, 1], [179, 1], [179, 0]], float)
    assert geometry(ring)["type"] == geometry(ring - [359, 0])["type"] == "Polygon"


def test_longitudes_from_0_to_360_become_those_of_geojson():
    (feature,) = features([[0, 0, 1, 1]], Affine(0.1, 0, 350, 0, -0.1, 10), "EPSG:4326")
    assert feature["geometry"] == {
        "type": "Polygon",
        "coordinates": [[[-10, 10], [-10, 9.9], [-9.9, 9.9], [-9.9, 10], [-10, 10]]],
    }


def test_what_is_not_on_earth_and_poles_are_left_out_and_no_other():
    disk = "+proj=geos +h=35785831 +lon_0=0 +sweep=y"
    boxes = [[0, 0, 1, 1], [50, 50, 51, 51], [99, 99, 100, 100]]
    (feature,) = features(boxes, Affine(108_000, 0, -5.4e6, 0, -108_000, 5.4e6), disk)
    assert feature["properties"]["box"] == [50, 50, 51, 51]
    polar = Affine(1000, 0, -50_000, 0, -1000, 50_000)
    (feature,) = features([[49, 49, 51, 51], [10, 10, 12, 12]], polar, "EPSG:3413")
    assert feature["properties"]["box"] == [10, 10, 12, 12]
    (feature,) = features(
        [[0, 0, 1, 1], [0, 60, 1, 61]], Affine(0.1, 0, 8, 0, -0.1, 95), "EPSG:4326"
    )
    assert feature["properties"]["box"] == [0, 60, 1, 61]
    assert features(np.zeros((0, 4)), polar, "EPSG:3413") == []
