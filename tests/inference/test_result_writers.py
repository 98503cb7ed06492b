import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from adla.evaluation.box_arrays import Detections
from adla.inference.result_writers import (
    coco_head,
    coco_results,
    json_list,
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
