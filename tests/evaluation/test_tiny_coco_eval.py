"""Agreement with pycocotools' own arrays and summary."""

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from adla.core.boxes import SIZE_BINS
from adla.evaluation import TinyCocoEval

COCO_BINS = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}


def index(images, annotations):
    coco = COCO()
    coco.dataset = {
        "images": [{"id": i} for i in range(1, images + 1)],
        "categories": [{"id": c} for c in (1, 2, 3)],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco


@pytest.fixture(params=range(3))
def random_case(request):
    """Ten images, some without object; class 3 has no ground truth; noisy and false detections."""
    rng = np.random.default_rng(request.param)
    gts, dts = [], []
    for image in range(1, 11):
        for _ in range(rng.integers(0, 9) * (image % 4 > 0)):
            xywh = np.concatenate([rng.uniform(0, 400, 2), 2 ** rng.uniform(1, 7.5, 2)])
            gts.append((image, rng.integers(1, 3), xywh, None))
            if rng.random() < 0.8:
                noisy = xywh + rng.normal(0, 0.06, 4) * np.tile(xywh[2:], 2)
                dts.append((image, gts[-1][1], noisy, rng.random()))
        for _ in range(rng.integers(0, 4)):
            xywh = np.concatenate([rng.uniform(0, 400, 2), 2 ** rng.uniform(1, 7.5, 2)])
            dts.append((image, rng.integers(1, 4), xywh, rng.random()))
    return tuple(
        index(
            10,
            [
                {
                    "id": k,
                    "image_id": image,
                    "category_id": int(category),
                    "bbox": box.tolist(),
                    "area": float(box[2] * box[3]),
                    "iscrowd": 0,
                    "score": score,
                }
                for k, (image, category, box, score) in enumerate(part, start=1)
            ],
        )
        for part in (gts, dts)
    )


def run(evaluation):
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.summarize()


def test_coco_bins_give_coco_numbers(random_case):
    ours = run(TinyCocoEval(*random_case, size_bins=COCO_BINS, max_dets=(1, 10, 100)))
    stock = COCOeval(*random_case, "bbox")
    run(stock)
    names = ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"]
    names += ["AR@1", "AR@10", "AR@100", "AR_small", "AR_medium", "AR_large"]
    assert list(ours) == names
    assert [ours[name] for name in names] == pytest.approx(stock.stats.tolist(), abs=1e-12)
    assert 0 < ours["AP"] < ours["AP50"] < 1


def test_tiny_bins_are_pycocotools_with_other_parameters(random_case):
    ours = TinyCocoEval(*random_case)
    stats = run(ours)
    stock = COCOeval(*random_case, "bbox")
    stock.params.areaRng = [[0, 1e10], *map(list, SIZE_BINS.values())]
    stock.params.areaRngLbl = ["all", *SIZE_BINS]
    stock.params.maxDets = [100, 300, 1500]
    stock.evaluate()
    stock.accumulate()
    for name in ("precision", "recall"):
        np.testing.assert_array_equal(ours.eval[name], stock.eval[name])
    for k, name in enumerate(SIZE_BINS, start=1):
        precision = stock.eval["precision"][:, :, :2, k, 2]
        recall = stock.eval["recall"][:, :2, k, 2]
        assert stats[f"AP_{name}"] == pytest.approx(precision[precision >= 0].mean())
        assert stats[f"AR_{name}"] == pytest.approx(recall[recall >= 0].mean())
    precision = stock.eval["precision"]
    assert stats["AP50"] == pytest.approx(precision[0, :, :2, 0, 2].mean())
    assert stats["AP75"] == pytest.approx(precision[5, :, :2, 0, 2].mean())
    assert ours.average_precision(category=0) == pytest.approx(precision[:, :, 0, 0, 2].mean())
    # Class 3 has detections, but no ground truth.
    assert ours.average_precision(category=2) == -1


def test_summarize_prints_nothing(random_case, capsys):
    evaluation = TinyCocoEval(*random_case)
    evaluation.evaluate()
    evaluation.accumulate()
    capsys.readouterr()
    assert evaluation.summarize() == evaluation.stats
    assert capsys.readouterr().out == ""
