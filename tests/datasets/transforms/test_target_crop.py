"""Crops on targets."""

import numpy as np
import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes

from adla.datasets import TargetCrop


def sample(size=(300, 200), boxes=((250, 150, 255, 156),)):
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return dict(
        img=np.arange(size[0] * size[1], dtype=np.int32).reshape(size[1], size[0]),
        img_shape=size[::-1],
        gt_bboxes=HorizontalBoxes(boxes),
        gt_bboxes_labels=np.arange(len(boxes)),
        gt_ignore_flags=np.zeros(len(boxes), dtype=bool),
    )


@pytest.fixture(autouse=True)
def seed():
    np.random.seed(0)


def test_a_placed_crop_holds_the_whole_target_at_its_pixels():
    offsets = set()
    for _ in range(50):
        results = TargetCrop((64, 48), prob=1.0).transform(sample())
        assert results["img"].shape == results["img_shape"] == (48, 64)
        (box,) = results["gt_bboxes"].tensor.tolist()
        assert box[2] - box[0] == 5 and box[3] - box[1] == 6, "cut"
        x, y = int(box[0]), int(box[1])
        assert results["img"][y, x] == 150 * 300 + 250
        offsets.add((x, y))
    assert len({x for x, _ in offsets}) > 10 and len({y for _, y in offsets}) > 10


def test_every_target_is_chosen():
    boxes = [(5, 5, 9, 9), (290, 190, 300, 200)]
    seen = [TargetCrop((32, 32), 1.0).transform(sample(boxes=boxes)) for _ in range(40)]
    assert {int(r["gt_bboxes_labels"][0]) for r in seen} == {0, 1}


def test_the_other_crops_are_random():
    crop = TargetCrop((32, 32), prob=0.5)
    hits = sum(len(crop.transform(sample())["gt_bboxes"]) for _ in range(400))
    assert 0.45 < hits / 400 < 0.6  # a random crop hits it in 3 of 100


def test_a_target_longer_than_the_window_is_cut_from_its_start():
    results = TargetCrop((32, 32), 1.0).transform(sample(boxes=[(100, 20, 180, 30)]))
    box = results["gt_bboxes"].tensor[0].tolist()
    assert box[0] == 0 and box[2] == 32


@pytest.mark.parametrize("prob", [0.0, 1.0])
def test_images_without_targets_or_smaller_than_the_window(prob):
    results = TargetCrop((64, 48), prob).transform(sample(boxes=[]))
    assert results["img"].shape == (48, 64) and len(results["gt_bboxes"]) == 0
    results = TargetCrop((640, 480), prob).transform(sample())
    assert results["img"].shape == (200, 300)
    assert results["gt_bboxes"].tensor.tolist() == [[250, 150, 255, 156]]


def test_prob_out_of_range_is_refused():
    with pytest.raises(ValueError, match="prob must lie within"):
        TargetCrop((64, 64), prob=1.5)


def test_boxes_that_were_not_loaded_are_named():
    with pytest.raises(ValueError, match=r"TargetCrop needs gt_bboxes: put LoadAnnotations\("):
        TargetCrop((64, 64)).transform({"img": np.zeros((80, 80, 3), np.uint8)})
