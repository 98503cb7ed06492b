"""Areas that are not those of their boxes, and that it is said."""

import json

import pytest
from mmengine.logging import MMLogger

from adla.evaluation import TinyCocoMetric
from adla.evaluation.annotated_areas import describe_other_areas
from adla.evaluation.result_files import load_ground_truth

MASK = {"segmentation": [[0, 0, 8, 0, 8, 8]]}


def annotation(number=1, **changes):
    content = {"id": number, "image_id": 1, "category_id": 1, "bbox": [1, 2, 20, 20], "area": 400}
    return {**content, "iscrowd": 0, **changes}


def file_of(folder, annotations):
    coco = {
        "images": [{"id": 1, "file_name": "1.png", "width": 100, "height": 80}],
        "categories": [{"id": 1, "name": "ship"}],
        "annotations": annotations,
    }
    (folder / "gt.json").write_text(json.dumps(coco))
    return folder / "gt.json"


@pytest.mark.parametrize(
    "changes",
    [
        {"area": 0},
        {"area": 400 / 100 / 80},  # normalized
        {"area": 441},  # of a box that counts its last pixel twice
        {"area": 20},
        {"area": 0, **MASK},
        {"area": 0.05, **MASK},
        {"area": 2000.5},
    ],
)
def test_an_area_of_something_else_is_said_once_with_an_example(tmp_path, changes):
    annotations = [annotation(7, **changes), annotation(8), annotation(9, **changes)]
    path = file_of(tmp_path, annotations)
    _, truth, (note,) = load_ground_truth(path)
    assert truth.areas.tolist() == [changes["area"], 400, changes["area"]]
    moved = 2 * (not 256 < changes["area"] <= 1024)
    assert "gt.json: 2 of 3 annotations have an area that is not width times height" in note
    assert f"so {moved} of them count in another bin than their box" in note
    assert f"annotation 7: area {changes['area']:g}, width times height 400" in note


@pytest.mark.parametrize(
    "changes", [{}, {"area": 399}, {"area": 120, **MASK}, {"area": 0, "iscrowd": 1}]
)
def test_areas_that_are_right(changes):
    assert describe_other_areas([annotation(**changes)]) is None


@pytest.mark.parametrize(
    ("area", "height", "moved"),
    [
        (255, 16.05, True),  # width times height is 256.8, 0.7 % more: t against s
        (256.5, 15.99, True),
        (256, 16.05, False),  # a border belongs to both bins
        (255, 16, False),
        (257, 16.05, False),
    ],
)
def test_an_area_near_that_of_its_box_must_lie_in_the_same_bin(area, height, moved):
    text = describe_other_areas([annotation(area=area, bbox=[1, 2, 16, height])])
    assert (text is not None and "so 1 of them count in another bin" in text) == moved
    masked = annotation(area=area, bbox=[1, 2, 16, height], **MASK)
    assert describe_other_areas([masked]) is None


def test_no_annotations_and_no_areas():
    content = annotation()
    del content["area"]
    assert describe_other_areas([]) is None and describe_other_areas([content]) is None


def test_the_metric_warns_once(tmp_path, caplog):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    path = file_of(tmp_path, [annotation(area=0)])
    content = json.loads(path.read_text())
    content["images"].append({**content["images"][0], "id": 2})
    path.write_text(json.dumps(content))
    metric = TinyCocoMetric(ann_file=str(path))
    metric.dataset_meta = {"classes": ("ship",)}
    for _ in range(2):
        metric._load_ground_truth([])
        assert metric._truth.areas.tolist() == [0]
    logger.removeHandler(caplog.handler)
    assert caplog.text.count("1 of 1 annotations have an area") == 1
    assert caplog.text.count("'1.png' under 1 and 2") == 1
