import json

import numpy as np
import pytest
from pycocotools.coco import COCO
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.warp import transform as warp

from adla.evaluation.box_arrays import Detections
from adla.inference.result_writers import (
    coco_head,
    coco_results,
    geojson_features,
    json_list,
    lonlat_corners,
    to_annotations,
)

FOUND = Detections.from_corners(
    np.array([[10.0, 20, 14.5, 26], [100, 50, 108, 57]]), np.array([0.9, 0.4]), np.array([1, 0])
)


def test_coco_files_are_read_by_pycocotools(tmp_path):
    images = [{"id": 3, "file_name": "ä.png", "width": 200, "height": 100}]
    categories = [{"id": 5, "name": "ship"}, {"id": 8, "name": "car"}]
    full, results = tmp_path / "full.json", tmp_path / "results.json"
    with json_list(full, coco_head(images, categories), "}") as items:
        items.add(to_annotations(coco_results(FOUND, 3, [5, 8]), 1))
    with json_list(results) as items:
        items.add(coco_results(FOUND, 3, [5, 8]))
    coco = COCO(str(full))
    assert coco.imgs[3]["file_name"] == "ä.png" and list(coco.anns) == [1, 2]
    loaded = coco.loadRes(str(results)).anns
    for number, box, area in ((1, [10, 20, 4.5, 6], 27), (2, [100, 50, 8, 7], 56)):
        assert coco.anns[number]["bbox"] == loaded[number]["bbox"] == box
        assert coco.anns[number]["area"] == area
    assert [loaded[k]["category_id"] for k in (1, 2)] == [8, 5]
    assert [loaded[k]["score"] for k in (1, 2)] == [0.9, 0.4]


def test_an_empty_list_is_json(tmp_path):
    with json_list(tmp_path / "a.json"):
        pass
    assert json.loads((tmp_path / "a.json").read_text()) == []


def test_no_half_file_stays_behind(tmp_path):
    with pytest.raises(RuntimeError), json_list(tmp_path / "a.json") as items:
        items.add([1, 2])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        (Affine(0.5, 0, 500_000, 0, -0.5, 5_400_000), "EPSG:32632"),
        (Affine(0.4, 0.3, 500_000, 0.3, -0.4, 5_400_000), "EPSG:32632"),
        (Affine(1e-5, 0, 8, 0, 1e-5, 47), "EPSG:4326"),
    ],
)
def test_corners_lie_where_the_scene_says(transform, crs):
    rings = lonlat_corners(FOUND.corners, transform, CRS.from_string(crs))
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
    first, _ = geojson_features(FOUND, "scene.tif", ["ship", "car"], transform, crs)
    assert first["properties"] == {
        "class": "car", "score": 0.9, "image": "scene.tif", "box": [10, 20, 14.5, 26],
    }  # fmt: skip
    (longitude, latitude), *_ = first["geometry"]["coordinates"][0]
    assert 8.99 < longitude < 9.01 and 48.7 < latitude < 48.8
