"""Objects found and missed, by hand."""

import json
import runpy
import sys
from pathlib import Path

import mmcv
import numpy as np
import pytest

from adla.evaluation.box_arrays import Detections
from adla.visualization.detections import Sample
from adla.visualization.recall_by_size import object_fates, save_hits

TOOL = Path(__file__).parents[2] / "tools" / "analysis" / "draw_hits.py"


def sample():
    gts = np.array([[0, 0, 4, 4], [20, 20, 29, 29.0], [50, 50, 53, 53]])
    boxes = np.array([[0, 0, 4, 3.0], [20, 20, 24, 29], [80, 80, 90, 90], [50, 50, 53, 53]])
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    found = Detections.from_corners(boxes, scores, np.zeros(4, int))
    return Sample(found, gts, np.array([0, 0, 1]))


def test_fates_at_the_best_f1():
    sizes, overlaps, found, false_alarms = object_fates([sample()])
    assert sizes.tolist() == [4, 9, 3]
    np.testing.assert_allclose(overlaps, [0.75, 0, 0])  # the best F1 keeps the first alone
    assert found.tolist() == [True, False, False] and false_alarms == 0


def test_a_lower_iou_finds_more():
    _, overlaps, found, _ = object_fates([sample()], iou_thr=0.4)
    np.testing.assert_allclose(overlaps, [0.75, 4 / 9, 0])  # the third has another class
    assert found.tolist() == [True, True, False]


def test_images_without_objects_or_detections_draw(tmp_path):
    none = np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)
    nothing = Sample(Detections.from_corners(*none), none[0], none[2])
    path = save_hits(tmp_path / "hits.png", {"a": [sample(), nothing]})
    assert mmcv.imread(path).std() > 0


def test_the_tool_counts_and_refuses(tmp_path, monkeypatch, capsys):
    dataset = dict(
        images=[dict(id=1, file_name="a.png", width=64, height=64)],
        categories=[dict(id=1, name="target")],
        annotations=[
            dict(id=1, image_id=1, category_id=1, bbox=[2, 2, 4, 4], area=16, iscrowd=0),
            dict(id=2, image_id=1, category_id=1, bbox=[30, 30, 6, 6], area=36, iscrowd=0),
        ],
    )
    results = [dict(image_id=1, category_id=1, bbox=[2, 2, 4, 4], score=0.9)]
    for name, content in (("gt.json", dataset), ("a.json", results)):
        (tmp_path / name).write_text(json.dumps(content))

    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", [str(TOOL), "gt.json", *args, "--out", "hits.png"])
        runpy.run_path(str(TOOL), run_name="__main__")

    run("first=a.json")
    assert "first: 1 of 2 found, 0 false alarms" in capsys.readouterr().out
    assert (tmp_path / "hits.png").exists()
    with pytest.raises(SystemExit, match=r"results are NAME=FILE, but got 'a\.json'"):
        run("a.json")
    with pytest.raises(SystemExit, match=r"b\.json"):
        run("b=b.json")
