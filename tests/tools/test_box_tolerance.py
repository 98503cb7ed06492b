"""Shares of boxes that count although their edges err."""

import json
import sys

import numpy as np
import pytest

from tools.analysis import box_tolerance


def test_large_boxes_forgive_what_small_ones_do_not():
    small, large = np.full((50, 2), 4.0), np.full((50, 2), 40.0)
    assert box_tolerance.share_kept(small, 1e-6, 0.5) == 1
    assert box_tolerance.share_kept(large, 1.0, 0.5) == 1
    assert 0.4 < box_tolerance.share_kept(small, 1.0, 0.5) < 0.8
    # Errors and sides in the same ratio: the same share.
    assert box_tolerance.share_kept(small, 0.5, 0.5) == box_tolerance.share_kept(large, 5, 0.5)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ([2, 0], [0, 0], 8 / 16),  # the left half is lost
        ([1, 1], [1, 1], 9 / 23),  # one pixel down to the right
        ([-1, -1], [1, 1], 16 / 36),
        ([5, 0], [0, 0], 0),
    ],
)
def test_ious_of_a_box_of_4_px_by_hand(low, high, expected):
    found = box_tolerance.shifted_iou(np.full(2, 4.0), np.array(low), np.array(high))
    assert found == pytest.approx(expected)


def test_the_table(tmp_path, monkeypatch, capsys):
    coco = {
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 64}],
        "categories": [{"id": 1, "name": "Target"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [3, 3, 5, 5], "area": 25,
             "iscrowd": 0}
        ],
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(coco))
    monkeypatch.setattr(sys, "argv", ["box_tolerance", str(tmp_path / "a.json"), "--iou", "0.5"])
    box_tolerance.main()
    assert "100.0" in capsys.readouterr().out
