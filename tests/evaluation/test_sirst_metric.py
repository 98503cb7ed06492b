import json

import numpy as np
import pytest
import torch
from mmdet.registry import METRICS
from mmdet.structures import DetDataSample
from PIL import Image

from adla.datasets.converters import convert_sirst_v2
from adla.engine.hooks.metric_table_hook import render_metrics
from adla.evaluation import SIRSTMetric

from ..datasets.conftest import sirst_v2_root  # noqa: F401

KEYS = "AP AP50 AP_50_90 precision recall f1 score precision@0.5 recall@0.5 mNoCoAP mNoCoAP_floor"
SIZE = (60, 40)  # width, height


def write_data(folder, gts, mode="L", size=SIZE):
    """Write one image per list of xyxy boxes, each box a bright pixel in its middle on black."""
    images, annotations = [], []
    for i, boxes in enumerate(gts, 1):
        pixels = np.zeros(size[::-1], np.uint8)
        for x1, y1, x2, y2 in boxes:
            pixels[(y1 + y2) // 2, (x1 + x2) // 2] = 200
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i,
                    "category_id": 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                }
            )
        Image.fromarray(pixels).convert(mode).save(folder / f"{i}.png")
        images.append({"id": i, "file_name": f"{i}.png", "width": SIZE[0], "height": SIZE[1]})
    categories = [{"id": 1, "name": "Target"}]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "gt.json").write_text(json.dumps(coco))
    return str(folder / "gt.json")


def sample(image, path, dets):
    """A data sample as a detector hands it over; dets are (x1, y1, x2, y2, score)."""
    rows = torch.tensor(dets, dtype=torch.float64).reshape(-1, 5)
    meta = {"img_id": image, "img_path": str(path), "ori_shape": SIZE[::-1]}
    result = DetDataSample(metainfo=meta).to_dict()
    result["pred_instances"] = {
        "bboxes": rows[:, :4],
        "scores": rows[:, 4],
        "labels": torch.zeros(len(rows), dtype=torch.int64),
    }
    return result


def evaluate(folder, ann_file, dets, classes=("Target",), **kwargs):
    metric = SIRSTMetric(ann_file, **kwargs)
    metric.dataset_meta = {"classes": classes}
    for i, rows in enumerate(dets, 1):
        metric.process({}, [sample(i, folder / f"{i}.png", rows)])
    return {k.removeprefix("sirst/"): v for k, v in metric.evaluate(size=len(dets)).items()}


def test_by_hand(tmp_path):
    """Three images, three targets of 5 x 5 px with the bright pixel in the middle.

    Image 1: target found exactly (.9) and a false alarm (.8). Image 2: found 1 px to the right
    (.4), IoU 20 / 30 = 2/3; the other target is missed. Image 3 has none and no detection.

    AP50: hit, miss, hit; precision 1 up to recall 1/3, 2/3 up to 2/3: recall points 0 to .33 (34)
    and .34 to .66 (33): (34 + 33 * 2/3) / 101 = 56/101. At IoU .5 to .65 so; above, only the first
    is a hit: 34/101. AP: (4 * 56 + 6 * 34) / 1010; AP_50_90 over nine: (4 * 56 + 5 * 34) / 909.
    F1: 2/(1+3), 2/(2+3), 4/(3+3): best at .4 with precision 2/3, recall 2/3. At .5: 1/2 and 1/3.

    NoCo: the middle pixel is .999, all others 0. The exact box has its center at 12.5 and 12.5, to
    even 12, the bright pixel (10 + 15) // 2 = 12: a hit at every threshold. The shifted one is at
    33.5 for a bright pixel at 32: never. Area 1/3.
    """
    gts = [[(10, 10, 15, 15)], [(30, 10, 35, 15), (30, 30, 35, 35)], []]
    dets = [[(10, 10, 15, 15, 0.9), (40, 30, 45, 35, 0.8)], [(31, 10, 36, 15, 0.4)], []]
    result = evaluate(tmp_path, write_data(tmp_path, gts), dets)
    assert list(result) == KEYS.split()
    assert result == pytest.approx(
        {
            "AP": (4 * 56 + 6 * 34) / 1010,
            "AP50": 56 / 101,
            "AP_50_90": (4 * 56 + 5 * 34) / 909,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "f1": 2 / 3,
            "score": 0.4,
            "precision@0.5": 1 / 2,
            "recall@0.5": 1 / 3,
            "mNoCoAP": 1 / 3,
            "mNoCoAP_floor": 1 / 3,
        }
    )
    assert {type(value) for value in result.values()} == {float}
    table = render_metrics(result)
    assert all(key in table for key in result)


def test_the_published_rounding_misses_odd_centers(tmp_path):
    # The center 13.5 rounds to 14, the bright pixel is 13.
    gts = [[(11, 11, 16, 16)]]
    result = evaluate(tmp_path, write_data(tmp_path, gts), [[(11, 11, 16, 16, 0.9)]])
    assert result["AP"] == pytest.approx(1)
    assert (result["mNoCoAP"], result["mNoCoAP_floor"]) == (0, pytest.approx(1))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
def test_every_kind_of_png(tmp_path, mode):
    gts = [[(10, 10, 15, 15)]]
    ann_file = write_data(tmp_path, gts, mode)
    with Image.open(tmp_path / "1.png") as image:
        assert image.mode == mode
    assert evaluate(tmp_path, ann_file, [[(10, 10, 15, 15, 0.9)]])["mNoCoAP"] == pytest.approx(1)


def test_nothing_detected_and_nothing_there(tmp_path):
    result = evaluate(tmp_path, write_data(tmp_path, [[(10, 10, 15, 15)], []]), [[], []])
    assert result == dict.fromkeys(KEYS.split(), 0) | {"score": -1}
    (tmp_path / "none").mkdir()
    ann_file = write_data(tmp_path / "none", [[], []])
    result = evaluate(tmp_path / "none", ann_file, [[(1, 1, 5, 5, 0.9)], []])
    assert result == dict.fromkeys(KEYS.split(), -1)


def test_images_that_were_not_evaluated_are_missed(tmp_path):
    ann_file = write_data(tmp_path, [[(10, 10, 15, 15)], [(10, 10, 15, 15)]])
    result = evaluate(tmp_path, ann_file, [[(10, 10, 15, 15, 0.9)]])
    assert (result["recall"], result["mNoCoAP"]) == (0.5, pytest.approx(0.5))


def test_format_only(tmp_path):
    ann_file = write_data(tmp_path, [[(10, 10, 15, 15)]])
    prefix = str(tmp_path / "out")
    dets = [[(10, 10, 15, 15, 0.9)]]
    assert evaluate(tmp_path, ann_file, dets, format_only=True, outfile_prefix=prefix) == {}
    assert json.loads((tmp_path / "out.bbox.json").read_text())[0]["bbox"] == [10, 10, 5, 5]


def test_wrong_use_is_said(tmp_path):
    ann_file = write_data(tmp_path, [[(10, 10, 15, 15)]])
    with pytest.raises(ValueError, match=r"score_thr must be in \[0, 1\], but got 50"):
        METRICS.build({"type": "SIRSTMetric", "ann_file": ann_file, "score_thr": 50})
    with pytest.raises(ValueError, match="one class, but the data set has"):
        evaluate(tmp_path, ann_file, [[]], classes=("Target", "Decoy"))
    with pytest.raises(ValueError, match="add 'img_path' to the meta_keys"):
        nameless = sample(1, "", [])
        del nameless["img_path"]
        SIRSTMetric(ann_file).process({}, [nameless])
    one = [[(10, 10, 15, 15, 0.9)]]
    with pytest.raises(FileNotFoundError, match=r"elsewhere/1\.png"):
        evaluate(tmp_path / "elsewhere", ann_file, one)
    Image.new("L", (50, 30)).save(tmp_path / "1.png")
    with pytest.raises(ValueError, match=r"1\.png has 50x30 pixels, but its annotation says 60x40"):
        evaluate(tmp_path, ann_file, one)


@pytest.fixture
def val_full(request, tmp_path):
    """The validation images and their boxes by image."""
    root = request.getfixturevalue("sirst_v2_root")
    convert_sirst_v2(root, tmp_path, splits=["val_full"], progress=False)
    ann_file = tmp_path / "annotations" / "val_full.json"
    coco = json.loads(ann_file.read_text())
    boxes = {image["id"]: [] for image in coco["images"]}
    for ann in coco["annotations"]:
        x, y, w, h = ann["bbox"]
        boxes[ann["image_id"]].append([x, y, x + w, y + h])
    return ann_file, root / "mixed", coco["images"], boxes


def on_val_full(val_full, detect):
    ann_file, folder, images, boxes = val_full
    metric = SIRSTMetric(str(ann_file))
    metric.dataset_meta = {"classes": ("Target",)}
    for image in images:
        rows = detect(np.array(boxes[image["id"]], dtype=float).reshape(-1, 4), image)
        dets = np.column_stack([rows, np.full(len(rows), 0.9)]).tolist()
        metric.process({}, [sample(image["id"], folder / image["file_name"], dets)])
    return metric.evaluate(size=len(images))


def test_detectors_on_the_real_images(val_full):
    """What exact boxes, boxes a pixel aside and random boxes get on ``val_full``."""
    exact = on_val_full(val_full, lambda boxes, _: boxes)
    assert exact["sirst/AP_50_90"] == pytest.approx(1) and exact["sirst/f1"] == 1
    assert exact["sirst/mNoCoAP"] == pytest.approx(0.718, abs=1e-3)
    assert exact["sirst/mNoCoAP_floor"] == pytest.approx(0.854, abs=1e-3)

    right = on_val_full(val_full, lambda boxes, _: boxes + np.array([1, 0, 1, 0]))
    assert right["sirst/mNoCoAP"] == pytest.approx(0.430, abs=1e-3)
    # The published rounding wants centers half a pixel up and left of the middle.
    up_left = on_val_full(val_full, lambda boxes, _: boxes - 0.5)
    assert up_left["sirst/mNoCoAP"] > exact["sirst/mNoCoAP"]

    rng = np.random.default_rng(0)

    def random_boxes(_, image):
        corner = rng.uniform(0, 1, (100, 2)) * [image["width"], image["height"]]
        return np.concatenate([corner, corner + 5], 1)

    assert on_val_full(val_full, random_boxes)["sirst/mNoCoAP"] < 0.001
