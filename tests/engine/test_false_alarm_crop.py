"""Crops on false alarms."""

import json

import numpy as np
import pytest
import torch
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from adla.engine import FalseAlarmCrop

TARGET = (250, 150, 255, 156)


@pytest.fixture(autouse=True)
def seed():
    np.random.seed(0)


@pytest.fixture
def files(tmp_path):
    """Two images of 300 x 200 px, one with a target; detections as a detector leaves them."""
    categories = [dict(id=1, name="Target"), dict(id=2, name="other")]
    images = [dict(id=i, file_name=f"{i}.png", width=300, height=200) for i in (7, 9)]
    target = dict(id=1, image_id=7, category_id=1, bbox=[250, 150, 5, 6], area=30, iscrowd=0)
    content = dict(images=images, categories=categories, annotations=[target])
    (tmp_path / "train.json").write_text(json.dumps(content))
    rows = [
        (7, 1, [251, 151, 5, 6], 0.9),  # the target
        (7, 2, [254, 155, 9, 9], 0.9),  # of another class, touches the target
        (7, 1, [20, 30, 4, 4], 0.6),
        (7, 1, [120, 130, 4, 4], 0.2),
        (7, 1, [200, 20, 4, 4], 0.0),
    ]
    write_detections(tmp_path, rows)
    return dict(ann_file=tmp_path / "train.json", detections=tmp_path / "found.json")


def write_detections(folder, rows):
    keys = ("image_id", "category_id", "bbox", "score")
    found = [dict(zip(keys, row, strict=True)) for row in rows]
    (folder / "found.json").write_text(json.dumps(found))


def sample(img_id=7, scale=1, boxes=(TARGET,)):
    width, height = 300 * scale, 200 * scale
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4) * scale
    return dict(
        img=np.arange(width * height, dtype=np.int32).reshape(height, width),
        img_shape=(height, width),
        img_id=img_id,
        scale_factor=(scale, scale),
        gt_bboxes=HorizontalBoxes(boxes),
        gt_bboxes_labels=np.arange(len(boxes)),
        gt_ignore_flags=np.zeros(len(boxes), dtype=bool),
    )


def holds(window, box, width):
    """Whether a window of pixel numbers has the first and the last pixel of a box in it."""
    x1, y1, x2, y2 = box
    return {y1 * width + x1, (y2 - 1) * width + x2 - 1} <= set(window.ravel().tolist())


@pytest.mark.parametrize("scale", [1, 2])
def test_windows_hold_false_alarms_by_their_scores_and_at_the_scale_of_the_image(files, scale):
    crop = FalseAlarmCrop((40, 40), prob=0.0, alarm_prob=1.0, **files)
    counts = np.zeros(2)
    for _ in range(400):
        window = crop.transform(sample(scale=scale))["img"]
        assert window.shape == (40, 40)
        alarms = np.array([[20, 30, 24, 34], [120, 130, 124, 134]]) * scale
        found = [holds(window, box, 300 * scale) for box in alarms]
        assert sum(found) == 1, "the others touch the target, or have a score of 0"
        counts += found
    assert counts[0] / 400 == pytest.approx(0.75, abs=0.06)


def test_targets_come_first_and_the_rest_is_random(files):
    crop = FalseAlarmCrop((40, 40), prob=0.5, alarm_prob=0.5, **files)
    windows = [crop.transform(sample())["img"] for _ in range(800)]
    target = np.mean([holds(one, TARGET, 300) for one in windows])
    alarm = np.mean([holds(one, (20, 30, 24, 34), 300) for one in windows])
    assert target == pytest.approx(0.5 + 0.25 * 0.01, abs=0.06)
    assert alarm == pytest.approx(0.25 * 0.75 + 0.25 * 0.02, abs=0.06)


def test_an_image_without_false_alarms_gives_random_windows(files):
    crop = FalseAlarmCrop((40, 40), alarm_prob=1.0, **files)
    corners = {int(crop.transform(sample(9, boxes=()))["img"][0, 0]) for _ in range(50)}
    assert len(corners) > 40


def test_there_may_be_no_detection_at_all(files, tmp_path):
    write_detections(tmp_path, [])
    crop = FalseAlarmCrop((40, 40), prob=0.0, alarm_prob=1.0, **files)
    assert crop.transform(sample())["img"].shape == (40, 40)
    assert "images_with_alarms=0" in repr(crop)


def test_detections_of_other_annotations_are_refused(files, tmp_path):
    write_detections(tmp_path, [(8, 1, [1, 1, 4, 4], 0.5)])
    with pytest.raises(ValueError, match="image_id that is not in the annotations: 8"):
        FalseAlarmCrop((40, 40), **files)


def test_what_is_not_there_is_named(files, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        FalseAlarmCrop((40, 40), files["ann_file"], tmp_path / "nowhere.json")
    with pytest.raises(ValueError, match=r"FalseAlarmCrop: alarm_prob must lie within \[0, 1\]"):
        FalseAlarmCrop((40, 40), alarm_prob=2, **files)
    crop = TRANSFORMS.build(dict(type="FalseAlarmCrop", crop_size=(40, 40), **files))
    with pytest.raises(ValueError, match="FalseAlarmCrop needs gt_bboxes"):
        crop.transform({"img": np.zeros((80, 80, 3), np.uint8)})
