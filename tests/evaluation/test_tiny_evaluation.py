"""The numbers by hand at the edges of the protocol, and against pycocotools' own summary."""

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from adla.core.boxes import SIZE_BINS
from adla.evaluation import TinyEvaluation
from adla.evaluation.box_arrays import GroundTruth

from .cases import CLASSES, detections, grid, random_case, square, truth

COCO_BINS = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
AITOD = (
    "airplane", "bridge", "storage-tank", "ship", "swimming-pool", "vehicle", "person", "wind-mill",
)  # fmt: skip


def stock(gts, dts, **params):
    """Plain pycocotools on the same boxes."""

    def index(columns, **extra):
        coco = COCO()
        values = {"image_id": columns.images, "category_id": columns.labels, "bbox": columns.boxes}
        values |= extra
        coco.dataset = {
            "images": [{"id": i} for i in gts.image_ids],
            "categories": [{"id": i} for i in range(len(gts.class_names))],
            "annotations": [
                dict(zip(values, row, strict=True), id=i)
                for i, row in enumerate(
                    zip(*map(np.ndarray.tolist, values.values()), strict=True), 1
                )
            ],
        }
        coco.createIndex()
        return coco

    nothing = np.zeros(len(dts.scores), int)
    evaluation = COCOeval(
        index(gts, area=gts.areas, iscrowd=gts.crowds.astype(int)),
        index(dts, area=dts.boxes[:, 2:].prod(1), iscrowd=nothing, score=dts.scores),
        "bbox",
    )
    for name, value in params.items():
        setattr(evaluation.params, name, value)
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("engine", ["hotcoco", "pycocotools"])
def test_coco_bins_give_coco_numbers(seed, engine):
    gts, dts = random_case(seed)
    ours = TinyEvaluation(gts, dts, COCO_BINS, (1, 10, 100), engine=engine).summarize()
    reference = stock(gts, dts)
    reference.summarize()
    names = ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"]
    names += ["AR@1", "AR@10", "AR@100", "AR_small", "AR_medium", "AR_large"]
    assert [ours[name] for name in names] == pytest.approx(reference.stats.tolist(), abs=1e-6)
    assert 0 < ours["AP"] < ours["AP50"] < 1


def test_tiny_bins_are_pycocotools_with_other_parameters():
    gts, dts = random_case(4)
    ours = TinyEvaluation(gts, dts)
    reference = stock(
        gts, dts, maxDets=[100, 300, 1500], areaRngLbl=["all", *SIZE_BINS],
        areaRng=[[0, 1e10], *map(list, SIZE_BINS.values())],
    )  # fmt: skip
    # The first of our thresholds is .25, of which the mean knows nothing.
    np.testing.assert_allclose(ours.curves.precision[1:], reference.eval["precision"], atol=1e-6)
    np.testing.assert_allclose(ours.curves.recall[1:], reference.eval["recall"], atol=1e-6)
    stats, precision = ours.summarize(), reference.eval["precision"][:, :, :3, :, 2]
    assert stats["AP"] == pytest.approx(precision[..., 0].mean())
    assert stats["AP75"] == pytest.approx(precision[5, ..., 0].mean())
    loose = stock(gts, dts, iouThrs=np.array([0.25]), maxDets=[1, 1, 1500]).eval["precision"]
    assert stats["AP25"] == pytest.approx(loose[0, :, :3, 0, 2].mean())
    for k, name in enumerate(SIZE_BINS, start=1):
        assert stats[f"AP_{name}"] == pytest.approx(
            precision[..., k][precision[..., k] >= 0].mean()
        )
    assert ours.average_precision(label=0) == pytest.approx(precision[:, :, 0, 0].mean())
    assert ours.average_precision(label=3) == -1  # detections, but no object


@pytest.mark.parametrize("engine", ["hotcoco", "pycocotools"])
@pytest.mark.parametrize("label", range(8))
@pytest.mark.parametrize(
    ("area", "bins"),
    [
        (63.999, "vt"), (64, "vt t"), (64.001, "t"), (255.999, "t"), (256, "t s"), (256.001, "s"),
        (1023.999, "s"), (1024, "s m"), (1024.001, "m"), (1e10, "m"), (0, "vt"),
    ],
)  # fmt: skip
def test_bin_edges_of_every_class(engine, label, area, bins):
    """A bound belongs to both its bins; the other classes and bins stay without a number."""
    gts = truth([(0, label, square(10, 10, 12), area, False)], classes=AITOD)
    evaluation = TinyEvaluation(
        gts, detections([(0, label, square(10, 10, 12), 0.9)]), engine=engine
    )
    numbers = evaluation.summarize()
    for name in SIZE_BINS:
        expected = 1 if name in bins.split() else -1
        assert [numbers[f"AP_{name}"], numbers[f"AR_{name}"]] == pytest.approx([expected] * 2)
    rows = evaluation.per_class()
    assert [row["AP"] for row in rows.values()] == pytest.approx(
        [1 if k == label else -1 for k in range(8)]
    )


@pytest.mark.parametrize("engine", ["hotcoco", "pycocotools"])
@pytest.mark.parametrize("side", [7.999, 8, 8.001])
def test_unmatched_detections_outside_a_bin_are_no_false_alarms_in_it(engine, side):
    """The false alarm comes first, so it halves the precision of the bins it lies in."""
    gts = truth([(0, 0, square(10, 10, 12), 64, False)])
    dts = [(0, 0, square(10, 10, 12), 0.5), (0, 0, square(90, 90, side), 0.9)]
    numbers = TinyEvaluation(gts, detections(dts), engine=engine).summarize()
    assert numbers["AP_vt"] == pytest.approx(0.5 if side <= 8 else 1)
    assert numbers["AP_t"] == pytest.approx(0.5 if side >= 8 else 1)


@pytest.mark.parametrize("engine", ["hotcoco", "pycocotools"])
@pytest.mark.parametrize(("before", "ap", "recall"), [(1499, 1 / 1500, 1), (1500, 0, 0)])
def test_detection_1500_counts_and_1501_does_not(engine, before, ap, recall):
    """One object, found by the last detection of its class; another class does not take places."""
    alarms = [(0, 0, square(500, 500, 3), 0.9)] * before + [(0, 1, square(500, 500, 3), 0.9)] * 9
    dts = detections([*alarms, (0, 0, square(10, 10, 12), 0.1)])
    numbers = TinyEvaluation(truth([(0, 0, square(10, 10, 12))]), dts, engine=engine).summarize()
    assert [numbers["AP"], numbers["AP50"]] == pytest.approx([ap, ap])
    assert (numbers["AR@100"], numbers["AR@300"], numbers["AR@1500"]) == (0, 0, recall)
    assert numbers["oLRP_FN"] == 1 - recall


def test_ap25_is_in_no_mean():
    """A 10 x 10 box found as 10 x 30: IoU 1/3, which only .25 accepts."""
    gts = truth([(0, 0, square(0, 0, 10))])
    numbers = TinyEvaluation(gts, detections([(0, 0, [0, 0, 10, 30], 0.9)])).summarize()
    assert (numbers["AP25"], numbers["AP"], numbers["AR@1500"]) == pytest.approx((1, 0, 0))


def test_500_perfect_boxes():
    boxes = grid(500)
    dts = detections([(0, 0, box, 1 - i / 1000) for i, box in enumerate(boxes)])
    gts = truth([(0, 0, box) for box in boxes])
    numbers = TinyEvaluation(gts, dts).summarize()
    assert [numbers[f"AR@{n}"] for n in (100, 300, 1500)] == pytest.approx([0.2, 0.6, 1])
    assert numbers["AP"] == pytest.approx(1) and numbers["oLRP"] == 0


def test_other_thresholds():
    gts, dts = random_case(2)
    ours = TinyEvaluation(gts, dts, iou_thrs=(0.5, 0.9))
    pair = [ours.average_precision(thr) for thr in (0.5, 0.9)]
    assert ours.average_precision() == pytest.approx(np.mean(pair)) and pair[0] > pair[1]


def test_ids_may_be_text_zero_and_in_any_order():
    boxes, scores = {"b": square(0, 0, 10), "a": square(40, 0, 6)}, {"b": 0.5, "a": 0.9}
    dataset = {
        "images": [{"id": name} for name in boxes],
        "categories": [{"id": 9, "name": "ship"}, {"id": 0, "name": "plane"}],
        "annotations": [
            {"id": 0, "image_id": name, "category_id": 0, "bbox": box, "area": 5}
            for name, box in boxes.items()
        ],
    }
    gts = GroundTruth.from_coco(dataset)
    assert (gts.image_ids, gts.class_names) == (["a", "b"], ["ship", "plane"])
    dts = [(gts.image_ids.index(name), 1, boxes[name], scores[name]) for name in boxes]
    numbers = TinyEvaluation(gts, detections(dts)).summarize()
    assert [numbers["AP"], numbers["AP_vt"]] == pytest.approx([1, 1])
    assert GroundTruth.from_coco(dataset, [9]).boxes.shape == (0, 4)


def test_annotations_that_contradict_themselves():
    dataset = {"images": [{"id": 1}, {"id": "2"}], "categories": [{"id": 1, "name": "ship"}]}
    with pytest.raises(ValueError, match="some image ids are text and some numbers"):
        GroundTruth.from_coco(dataset)
    ann = {"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1]}
    with pytest.raises(ValueError, match=r"1 annotations of images that are not listed: \[7\]"):
        GroundTruth.from_coco(dict(dataset, images=[{"id": 1}], annotations=[ann]))


def test_an_annotation_without_area_has_that_of_its_box():
    ann = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 3, 4]}
    dataset = {"images": [{"id": 1}], "categories": [{"id": 1, "name": CLASSES[0]}]}
    assert GroundTruth.from_coco(dict(dataset, annotations=[ann])).areas.tolist() == [12]
