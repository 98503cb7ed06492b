import csv
import json

import numpy as np
import pytest

from adla.evaluation.output_files import (
    mean_curves,
    write_curves,
    write_detections,
)
from adla.evaluation.tiny_evaluation import TinyEvaluation

from .cases import CLASSES, detections, random_case, square, truth


@pytest.mark.parametrize("counts", [(), (0,), (2, 0, 1)])
def test_detections_as_coco_results(tmp_path, counts):
    rng = np.random.default_rng(0)
    preds = [
        {
            "img_id": f"image {i}",
            "bboxes": np.cumsum(rng.integers(1, 9, (n, 4)), 1).astype(np.float32),
            "scores": rng.random(n, np.float32),
            "labels": rng.integers(0, 2, n),
        }
        for i, n in enumerate(counts)
    ]
    before = [pred["bboxes"].copy() for pred in preds]
    write_detections(tmp_path / "dt.json", preds, [7, 14])
    expected = [
        {
            "image_id": pred["img_id"],
            "category_id": [7, 14][label],
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "score": score,
        }
        for pred in preds
        for (x0, y0, x1, y1), score, label in zip(
            pred["bboxes"].tolist(), pred["scores"].tolist(), pred["labels"], strict=True
        )
    ]
    assert json.loads((tmp_path / "dt.json").read_text()) == expected
    assert all((pred["bboxes"] == boxes).all() for pred, boxes in zip(preds, before, strict=True))


def test_curves_by_hand(tmp_path):
    """Two very tiny objects, one found, after a false alarm: precision 1/2 up to recall .5."""
    gts = truth([(0, 1, square(0, 0, 6)), (0, 1, square(20, 0, 6))])
    dts = detections([(0, 1, square(0, 0, 6), 0.75), (0, 1, square(50, 50, 6), 0.875)])
    evaluation = TinyEvaluation(gts, dts)
    write_curves(tmp_path / "pr.csv", evaluation)
    rows = list(csv.DictReader((tmp_path / "pr.csv").open()))
    assert len(rows) == 2 * 11 * 101  # sizes all and vt, 11 thresholds, one class
    assert {row["class"] for row in rows} == {"bridge"}
    curve = [row for row in rows if (row["size"], row["iou"]) == ("vt", "0.50")]
    assert [row["recall"] for row in curve] == [f"{k / 100:.2f}" for k in range(101)]
    assert [float(row["precision"]) for row in curve] == [0.5] * 51 + [0] * 50
    # Recall 0 is reached by the false alarm.
    scores = ["0.875000"] + ["0.750000"] * 50 + [""] * 50
    assert [row["score"] for row in curve] == scores


def test_the_area_below_the_curves_is_the_ap(tmp_path):
    evaluation = TinyEvaluation(*random_case(0))
    write_curves(tmp_path / "pr.csv", evaluation)
    rows = list(csv.DictReader((tmp_path / "pr.csv").open()))
    numbers = evaluation.per_class()[CLASSES[0]]
    for size, iou, key in (("all", "0.50", "AP50"), ("all", "0.25", "AP25")):
        curve = [
            float(row["precision"])
            for row in rows
            if (row["class"], row["size"], row["iou"]) == (CLASSES[0], size, iou)
        ]
        assert np.mean(curve) == pytest.approx(numbers[key], abs=1e-6)
    by_iou, by_size, by_class = mean_curves(evaluation).values()
    stats = evaluation.summarize()
    assert np.mean(by_iou["IoU 0.75"]) == pytest.approx(stats["AP75"])
    assert list(by_size) == ["vt", "t", "s", "m"]
    assert list(by_class) == list(CLASSES[:3])  # the fourth has no object
    assert np.mean(by_class[CLASSES[0]]) == pytest.approx(numbers["AP50"])
