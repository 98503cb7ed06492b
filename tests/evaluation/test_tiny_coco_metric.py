import adla  # noqa: F401  isort: skip  before mmdet

import json
import math
import sys

import pytest
import torch
from mmdet.evaluation import CocoMetric
from mmdet.registry import METRICS
from mmdet.structures import DetDataSample
from mmengine.logging import MMLogger

from adla.evaluation import TinyCocoMetric, TinyEvaluation
from adla.evaluation.result_files import load_detections, load_ground_truth

KEYS = (
    "AP AP25 AP50 AP75 AP_vt AP_t AP_s AP_m AR@100 AR@300 AR@1500 AR_vt AR_t AR_s AR_m "
    "oLRP oLRP_Loc oLRP_FP oLRP_FN"
).split()
CLASSES = ("ship", "plane")


def square(x, y, side):
    return [x, y, side, side]


def write_gt(path, gts, images=1, first_id=1, classes=CLASSES, file_order=CLASSES):
    """Write ground truth (image, label, xywh, extras) with category id 7 * (label + 1)."""
    coco = {
        "images": [
            {"id": i, "width": 1000, "height": 1000, "file_name": f"{i}.png"}
            for i in range(1, images + 1)
        ],
        "categories": [{"id": 7 * (classes.index(c) + 1), "name": c} for c in file_order],
        "annotations": [
            {
                "id": first_id + k,
                "image_id": image,
                "category_id": 7 * (label + 1),
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": 0,
                **extras,
            }
            for k, (image, label, box, extras) in enumerate(gts)
        ],
    }
    path.write_text(json.dumps(coco))
    return str(path)


def samples(dets, images=1, gts=None):
    """Data samples as a detector hands them over; dets are (image, label, xywh, score)."""
    result = []
    for image in range(1, images + 1):
        mine = [d for d in dets if d[0] == image]
        boxes = torch.tensor([d[2] for d in mine], dtype=torch.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        sample = DetDataSample(metainfo={"img_id": image, "ori_shape": (1000, 1000)}).to_dict()
        sample["pred_instances"] = {
            "bboxes": boxes,
            "scores": torch.tensor([d[3] for d in mine], dtype=torch.float64),
            "labels": torch.tensor([d[1] for d in mine], dtype=torch.int64),
        }
        if gts is not None:
            sample["instances"] = [
                {"bbox": [x, y, x + w, y + h], "bbox_label": label, "ignore_flag": 0}
                for i, label, (x, y, w, h), _ in gts
                if i == image
            ]
        result.append(sample)
    return result


def evaluate(ann_file, dets, images=1, classes=CLASSES, gts=None, **kwargs):
    metric = TinyCocoMetric(ann_file=ann_file, **kwargs)
    metric.dataset_meta = {"classes": classes}
    metric.process({}, samples(dets, images, gts))
    # pycocotools adds an epsilon to the number of detections: a perfect precision is 1 - 2e-16.
    numbers = metric.evaluate(size=images)
    return {key.removeprefix("tiny/"): round(value, 12) for key, value in numbers.items()}


def grid(n, side=10):
    """n separate squares of one image."""
    return [square(20 * (i % 40), 20 * (i // 40), side) for i in range(n)]


def test_more_than_100_perfect_boxes_in_one_image(tmp_path):
    """AP is 1; the stock metric takes mAP at 100 detections.

    There 100 of 150 boxes are found: recall 2/3 with precision 1, so of the 101 recall points
    0, .01, ..., 1 the 67 up to .66 have precision 1 and the others 0: 67 / 101 = .663.
    """
    boxes = grid(150)
    ann = write_gt(tmp_path / "gt.json", [(1, 0, b, {}) for b in boxes])
    dets = [(1, 0, b, 1 - i / 1000) for i, b in enumerate(boxes)]
    ours = evaluate(ann, dets)
    assert (ours["AP"], ours["AP50"], ours["AP75"], ours["AP_t"]) == pytest.approx((1, 1, 1, 1))
    assert [ours[f"AR@{n}"] for n in (100, 300, 1500)] == pytest.approx([2 / 3, 1, 1])
    # The limits are ours to set: 30 of 150 boxes give 21 of 101 recall points.
    limited = evaluate(ann, dets, proposal_nums=(10, 30))
    assert limited["AP"] == pytest.approx(21 / 101)
    assert (limited["AR@10"], limited["AR@30"]) == pytest.approx((1 / 15, 1 / 5))

    stock = CocoMetric(ann_file=ann, proposal_nums=(100, 300, 1500))
    stock.dataset_meta = {"classes": CLASSES}
    stock.process({}, samples(dets))
    assert stock.evaluate(size=1)["coco/bbox_mAP"] == pytest.approx(67 / 101, abs=5e-4)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        # True positive first: precision 1 at recall 1, the later false positive costs nothing.
        ((0.9, 0.8), 1.0),
        # False positive first: precision 1/2 at recall 1, and at every lower recall.
        ((0.8, 0.9), 0.5),
    ],
)
def test_one_hit_and_one_false_alarm(tmp_path, scores, expected):
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})])
    dets = [(1, 0, square(10, 10, 12), scores[0]), (1, 0, square(200, 200, 12), scores[1])]
    result = evaluate(ann, dets)
    assert result["AP"] == result["AP50"] == result["AP_t"] == pytest.approx(expected)
    assert result["AR@1500"] == result["AR_t"] == 1


def test_iou_of_two_thirds(tmp_path):
    """A 10 x 10 box found as 10 x 15: IoU 100 / 150 = .667.

    It counts at .50, .55, .60 and .65, four of ten thresholds: AP .4, AP50 1, AP75 0, AR .4.
    """
    ann = write_gt(tmp_path / "gt.json", [(1, 0, [10, 10, 10, 10], {})])
    result = evaluate(ann, [(1, 0, [10, 10, 10, 15], 0.5)])
    assert (result["AP"], result["AP50"], result["AP75"]) == pytest.approx((0.4, 1, 0))
    assert result["AR@100"] == pytest.approx(0.4)


def test_half_of_the_recall_in_two_classes(tmp_path):
    """Ship: one of two found, precision 1 up to recall .5, 51 of 101 points: .50495.

    Plane: found, AP 1. The mean over the classes is .75248.
    """
    gts = [(1, 0, square(10, 10, 12), {}), (1, 0, square(50, 10, 12), {})]
    gts += [(1, 1, square(10, 90, 12), {})]
    ann = write_gt(tmp_path / "gt.json", gts)
    dets = [(1, 0, square(10, 10, 12), 0.5), (1, 1, square(10, 90, 12), 0.5)]
    result = evaluate(ann, dets, classwise=True)
    assert result["AP_ship"] == pytest.approx(51 / 101)
    assert result["AP_plane"] == 1
    assert result["AP"] == pytest.approx((51 / 101 + 1) / 2)
    assert result["AR@1500"] == pytest.approx((0.5 + 1) / 2)


@pytest.mark.parametrize(
    ("side", "bins"),
    [
        (1, ["vt"]),
        (7.9, ["vt"]),
        (8, ["vt", "t"]),
        (8.1, ["t"]),
        (16, ["t", "s"]),
        (32, ["s", "m"]),
        (200, ["m"]),
    ],
)
def test_a_bound_belongs_to_both_bins(tmp_path, side, bins):
    # Area 64 is very tiny and tiny. Bins without ground truth are -1.
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, side), {})])
    result = evaluate(ann, [(1, 0, square(10, 10, side), 0.9)])
    for name in ("vt", "t", "s", "m"):
        expected = 1 if name in bins else -1
        assert result[f"AP_{name}"] == result[f"AR_{name}"] == expected


def test_size_is_the_area_of_the_annotation(tmp_path):
    # A 20 x 20 box with a mask of 60 px^2 counts as very tiny.
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 20), {"area": 60})])
    result = evaluate(ann, [(1, 0, square(10, 10, 20), 0.9)])
    assert result["AP_vt"] == 1 and result["AP_s"] == -1


def test_false_alarms_of_another_size_do_not_count_in_a_bin(tmp_path):
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 6), {})])
    dets = [(1, 0, square(10, 10, 6), 0.5), (1, 0, square(300, 300, 40), 0.9)]
    result = evaluate(ann, dets)
    assert result["AP"] == pytest.approx(0.5) and result["AP_vt"] == 1


def test_nothing_detected_is_zero(tmp_path):
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})], images=3)
    result = evaluate(ann, [], images=3, classwise=True)
    assert list(result) == [*KEYS, "AP_ship", "AP_plane"]
    nothing_there = {"AP_vt", "AP_s", "AP_m", "AR_vt", "AR_s", "AR_m", "AP_plane"}
    nothing_there |= {"oLRP_Loc", "oLRP_FP"}  # of the detections, of which there are none
    worst = dict.fromkeys(("oLRP", "oLRP_FN"), 1)
    assert result == {key: -1 if key in nothing_there else worst.get(key, 0) for key in result}


def test_nothing_annotated_is_minus_one(tmp_path):
    ann = write_gt(tmp_path / "gt.json", [], images=2)
    result = evaluate(ann, [(1, 0, square(10, 10, 12), 0.9)], images=2)
    assert result == dict.fromkeys(KEYS, -1)


def test_annotation_id_zero(tmp_path):
    """pycocotools would count the match with annotation 0 as a false alarm: AP 0."""
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})], first_id=0)
    before = json.loads((tmp_path / "gt.json").read_text())
    metric = TinyCocoMetric(ann_file=ann)
    metric.dataset_meta = {"classes": CLASSES}
    for _ in range(2):
        metric.process({}, samples([(1, 0, square(10, 10, 12), 0.9)]))
        assert metric.evaluate(size=1)["tiny/AP"] == pytest.approx(1)
    assert metric._coco_api.dataset == before
    assert metric._coco_api.anns[0]["id"] == 0


def test_false_alarms_on_negative_images(tmp_path):
    """Image 2 has no object; its false alarm comes first, so precision is 1/2 throughout."""
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})], images=2)
    dets = [(1, 0, square(10, 10, 12), 0.5), (2, 0, square(10, 10, 12), 0.9)]
    assert evaluate(ann, dets, images=2)["AP"] == pytest.approx(0.5)


def test_class_without_ground_truth_is_left_out_of_the_mean(tmp_path):
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})])
    dets = [(1, 0, square(10, 10, 12), 0.5), (1, 1, square(90, 90, 12), 0.9)]
    result = evaluate(ann, dets, classwise=True)
    assert result["AP"] == result["AP_ship"] == 1 and result["AP_plane"] == -1


def test_crowd_regions_swallow_detections(tmp_path):
    gts = [(1, 0, square(10, 10, 12), {}), (1, 0, square(100, 100, 300), {"iscrowd": 1})]
    ann = write_gt(tmp_path / "gt.json", gts)
    dets = [(1, 0, square(10, 10, 12), 0.5), (1, 0, square(150, 150, 12), 0.9)]
    assert evaluate(ann, dets)["AP"] == 1


def test_labels_follow_the_classes_not_the_file(tmp_path):
    gts = [(1, 0, square(10, 10, 12), {}), (1, 1, square(90, 90, 12), {})]
    ann = write_gt(tmp_path / "gt.json", gts, file_order=("plane", "ship"))
    dets = [(1, 0, square(10, 10, 12), 0.5)]
    result = evaluate(ann, dets, classwise=True)
    assert result["AP_ship"] == 1 and result["AP_plane"] == 0


def test_classes_not_asked_for_are_left_out(tmp_path):
    gts = [(1, 0, square(10, 10, 12), {}), (1, 1, square(90, 90, 12), {})]
    ann = write_gt(tmp_path / "gt.json", gts)
    # Of ship and plane, only plane is evaluated, as label 0.
    dets = [(1, 0, square(90, 90, 12), 0.5)]
    result = evaluate(ann, dets, classes=("plane",), classwise=True)
    assert result["AP"] == result["AP_plane"] == result["AR@100"] == 1
    assert "AP_ship" not in result


def test_ground_truth_from_the_samples(tmp_path):
    gts = [(1, 0, square(10, 10, 6), {}), (2, 1, square(10, 10, 12), {})]
    dets = [(1, 0, square(10, 10, 6), 0.5), (2, 1, square(200, 10, 12), 0.5)]
    ann = write_gt(tmp_path / "gt.json", gts, images=3)
    from_file = evaluate(ann, dets, images=3)
    assert from_file == evaluate(None, dets, images=3, gts=gts)
    assert from_file["AP"] == 0.5 and from_file["AP_vt"] == 1 and from_file["AP_t"] == 0


def test_format_only_and_written_detections(tmp_path):
    ann = write_gt(tmp_path / "gt.json", [(1, 1, square(10, 10, 12), {})])
    dets = [(1, 1, square(10, 10, 12), 0.5)]
    expected = [{"image_id": 1, "category_id": 14, "bbox": [10, 10, 12, 12], "score": 0.5}]
    only = str(tmp_path / "only")
    assert evaluate(ann, dets, format_only=True, outfile_prefix=only) == {}
    assert json.loads((tmp_path / "only.bbox.json").read_text()) == expected
    assert evaluate(ann, dets, outfile_prefix=str(tmp_path / "too"))["AP"] == 1
    assert json.loads((tmp_path / "too.bbox.json").read_text()) == expected


def test_wrong_arguments():
    build = METRICS.build
    with pytest.raises(ValueError, match="metric='bbox' only, but got 'segm'"):
        build({"type": "TinyCocoMetric", "metric": "segm"})
    with pytest.raises(ValueError, match="needs outfile_prefix"):
        build({"type": "TinyCocoMetric", "format_only": True})
    for wrong in ((300, 100), (100, 100), ()):
        with pytest.raises(ValueError, match="proposal_nums must be ascending"):
            build({"type": "TinyCocoMetric", "proposal_nums": wrong})


def test_engines(tmp_path, monkeypatch):
    gts = [(1, 0, square(20 * i, 10, 4 + 6 * i), {}) for i in range(6)]
    dets = [(1, 0, square(20 * i + 1, 10, 4 + 6 * i), i / 10) for i in range(6)]
    ann = write_gt(tmp_path / "gt.json", gts)
    ours = evaluate(ann, dets)
    assert 0 < ours["AP"] < 1
    assert ours == pytest.approx(evaluate(ann, dets, engine="pycocotools"), abs=1e-6)
    with pytest.raises(ValueError, match="engine must be one of hotcoco, pycocotools"):
        TinyCocoMetric(engine="faster")
    monkeypatch.setitem(sys.modules, "hotcoco", None)
    with pytest.raises(ImportError, match="engine='hotcoco' needs hotcoco, which is not installed"):
        TinyCocoMetric()


def test_written_detections_give_the_same_numbers(tmp_path):
    gts = [(1, 0, square(10, 10, 12), {}), (2, 1, square(30, 10, 7), {})]
    dets = [(1, 0, square(11, 10, 12), 0.5), (2, 1, square(30, 10, 7), 0.25)]
    dets += [(2, 1, square(90, 90, 7), 0.75)]
    ann, prefix = write_gt(tmp_path / "gt.json", gts, images=2), str(tmp_path / "dt")
    curves = tmp_path / "pr.csv"
    ours = evaluate(ann, dets, images=2, outfile_prefix=prefix, curves_file=str(curves))
    dataset, truth, _ = load_ground_truth(ann)
    detections, _ = load_detections(f"{prefix}.bbox.json", dataset, truth)
    again = TinyEvaluation(truth, detections).summarize()
    assert ours == pytest.approx(again)
    assert curves.read_text().startswith("class,size,iou,recall,precision,score\nship,all,0.25,")


def test_what_is_not_finite_is_a_false_alarm(tmp_path, log):
    """It takes score 0 and matches nothing; pycocotools lets a NaN box match anything."""
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})])
    good = (1, 0, square(10, 10, 12), 0.5)
    for broken in ((1, 0, square(math.nan, 10, 12), 0.9), (1, 0, square(10, 10, math.inf), 0.9)):
        result = evaluate(ann, [good, broken])
        assert result["AP"] == 1 and "1 of 2 detections are not finite" in log.text
    assert evaluate(ann, [broken])["AP"] == 0


def test_predictions_that_do_not_fit_the_file(tmp_path):
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})])
    with pytest.raises(ValueError, match=r"1 predicted image ids are not in .*gt\.json.*\[2\]"):
        evaluate(ann, [], images=2)
    with pytest.raises(ValueError, match="labels 0 to 2 predicted, but there are 2 classes"):
        evaluate(ann, [(1, 0, square(1, 1, 9), 0.5), (1, 2, square(1, 1, 9), 0.5)])
    with pytest.raises(ValueError, match=r"gt\.json has no category \['car'\]"):
        evaluate(ann, [], classes=("ship", "car"))


@pytest.fixture
def log(caplog):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def test_images_left_out_are_missed_and_said(tmp_path, log):
    gts = [(1, 0, square(10, 10, 12), {}), (2, 0, square(10, 10, 12), {})]
    ann = write_gt(tmp_path / "gt.json", gts, images=2)
    # One of two found: precision 1 at 51 of 101 recall points.
    result = evaluate(ann, [(1, 0, square(10, 10, 12), 0.5)])
    assert result["AP"] == pytest.approx(51 / 101)
    assert "1 of 2 images of" in log.text and "were not evaluated" in log.text


def test_classwise_table_in_the_log(tmp_path, log):
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})])
    evaluate(ann, [(1, 0, square(10, 10, 12), 0.5)], classwise=True)
    rows = [[c.strip() for c in line.split("│")[1:-1]] for line in log.text.splitlines()]
    assert ["ship", *["1.000"] * 4, "-", "1.000", "-", "-", "1.000", "0.000"] in rows
    assert ["plane", *["-"] * 10] in rows
    header = next(line for line in log.text.splitlines() if "class" in line)
    names = "class AP AP25 AP50 AP75 AP_vt AP_t AP_s AP_m AR@1500 oLRP".split()
    assert [cell.strip() for cell in header.split("┃")[1:-1]] == names


def test_class_name_that_hides_a_size_bin(tmp_path):
    ann = write_gt(tmp_path / "gt.json", [], classes=("t",), file_order=("t",))
    with pytest.raises(ValueError, match=r"would write \['AP_t'\] twice"):
        evaluate(ann, [], classes=("t",), classwise=True)


def evaluate_on_rank(rank, folder, ann_file, gts, dets):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2
    )
    metric = TinyCocoMetric(ann_file=ann_file)
    metric.dataset_meta = {"classes": CLASSES}
    for epoch in range(2):
        # As DefaultSampler deals them out: every second image, the first one again at the end.
        mine = samples(dets, 3, gts)
        metric.process({}, [mine[0], mine[2]] if rank == 0 else [mine[1], mine[0]])
        numbers = metric.evaluate(size=3)
        (folder / f"{epoch}-{rank}.json").write_text(json.dumps(numbers))
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("from_samples", [False, True])
def test_two_processes(tmp_path, from_samples):
    gts = [(i, 0, square(10, 10, 12), {}) for i in (1, 2, 3)]
    dets = [(1, 0, square(10, 10, 12), 0.9), (2, 0, square(60, 60, 12), 0.8)]
    dets += [(3, 0, square(10, 10, 12), 0.7)]
    ann = write_gt(tmp_path / "gt.json", gts, images=3)
    alone = evaluate(ann, dets, images=3)
    args = (tmp_path, None if from_samples else ann, gts, dets)
    torch.multiprocessing.start_processes(evaluate_on_rank, args, nprocs=2, start_method="spawn")
    for epoch, rank in ((0, 0), (0, 1), (1, 0), (1, 1)):
        numbers = json.loads((tmp_path / f"{epoch}-{rank}.json").read_text())
        assert numbers == pytest.approx({f"tiny/{key}": value for key, value in alone.items()})


def test_numbers_are_plain_floats(tmp_path):
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(10, 10, 12), {})])
    metric = TinyCocoMetric(ann_file=ann, classwise=True)
    metric.dataset_meta = {"classes": CLASSES}
    metric.process({}, samples([(1, 0, square(10, 10, 12), 0.9)]))
    numbers = metric.evaluate(size=1)
    assert all(key.startswith("tiny/") for key in numbers)
    assert {type(value) for value in numbers.values()} == {float}


def test_masks_are_not_encoded():
    (sample,) = samples([(1, 0, square(10, 10, 12), 0.9)], gts=[])
    sample["pred_instances"]["masks"] = torch.ones(1, 1000, 1000, dtype=torch.bool)
    metric = TinyCocoMetric(ann_file=None)
    metric.process({}, [sample])
    ((_, kept),) = metric.results
    assert set(kept) == {"img_id", "bboxes", "scores", "labels"}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("categories", None, 'no list "categories"'),
        ("annotations", [7], r"annotations\[0\]: 7 is no object"),
        ("images", [{"id": 1}], r"images\[0\]: file_name None is no name"),
    ],
)
def test_a_damaged_annotation_file_is_one_message(tmp_path, key, value, message):
    ann = write_gt(tmp_path / "gt.json", [(1, 0, square(0, 0, 8), {})])
    (tmp_path / "gt.json").write_text(
        json.dumps(json.loads((tmp_path / "gt.json").read_text()) | {key: value})
    )
    with pytest.raises(ValueError, match=rf"problem\(s\) in .*gt\.json:\n.*{message}"):
        TinyCocoMetric(ann_file=ann)
