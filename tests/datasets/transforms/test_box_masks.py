"""Boxes as masks: through a pipeline, and as what Mask R-CNN learns."""

import numpy as np
import pytest
import torch
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import PolygonMasks, mask_target
from mmengine.config import ConfigDict
from mmengine.dataset import Compose

MASKS = {"type": "BoxMasks"}
PACK = {"type": "PackDetInputs", "meta_keys": ()}
BOXES = [[3, 4, 8, 10], [20.5, 11.25, 22, 12]]


def pipeline(*steps):
    return Compose([TRANSFORMS.build(step) for step in steps])


def sample(boxes=BOXES, ignore=()):
    flags = np.zeros(len(boxes), bool)
    flags[list(ignore)] = True
    return {
        "img": np.zeros((24, 40, 3), np.uint8),
        "img_shape": (24, 40),
        "gt_bboxes": HorizontalBoxes(np.array(boxes, np.float32).reshape(-1, 4)),
        "gt_bboxes_labels": np.zeros(len(boxes), np.int64),
        "gt_ignore_flags": flags,
    }


@pytest.mark.parametrize("boxes", [BOXES, []])
def test_masks_are_the_boxes(boxes):
    instances = pipeline(MASKS, PACK)(sample(boxes))["data_samples"].gt_instances
    assert len(instances.masks) == len(boxes)
    assert (instances.masks.height, instances.masks.width) == (24, 40)
    if boxes:
        assert instances.masks.get_bboxes(HorizontalBoxes).tensor.tolist() == boxes
        assert instances.masks.areas.tolist() == [30, 1.125]  # all of the box, not half


STEPS = [
    {"type": "Resize", "scale_factor": 2.0},
    {"type": "RandomFlip", "prob": 1.0, "direction": "horizontal"},
    {"type": "RandomFlip", "prob": 1.0, "direction": "diagonal"},
]


@pytest.mark.parametrize("step", STEPS)
def test_masks_follow_their_boxes(step):
    before, after = (
        pipeline(*steps, PACK)(sample())["data_samples"].gt_instances
        for steps in ((MASKS, step), (step, MASKS))
    )
    for instances in (before, after):
        boxes = instances.masks.get_bboxes(HorizontalBoxes).tensor
        assert boxes.equal(instances.bboxes.tensor)
        assert not boxes.equal(torch.tensor(BOXES))


def test_ignored_boxes_take_their_masks_along():
    packed = pipeline(MASKS, PACK)(sample(ignore=[0]))["data_samples"]
    assert packed.gt_instances.masks.get_bboxes(HorizontalBoxes).tensor.tolist() == [BOXES[1]]
    assert packed.ignored_instances.masks.get_bboxes(HorizontalBoxes).tensor.tolist() == [BOXES[0]]


def test_the_target_of_a_proposal_is_the_part_of_it_in_the_box():
    masks = pipeline(MASKS)(sample())["gt_masks"]
    assert isinstance(masks, PolygonMasks)
    # The left half of this proposal is the box; its height is that of the box.
    proposals = [torch.tensor([[3.0, 4, 13, 10]])]
    target = mask_target(proposals, [torch.tensor([0])], [masks], ConfigDict(mask_size=28))
    assert target.shape == (1, 28, 28)
    assert target[0, :, :14].mean() == 1 and target[0, :, 14:].mean() == 0


def test_what_is_missing_or_there_already_is_named():
    with pytest.raises(ValueError, match=r"BoxMasks needs gt_bboxes: put LoadAnnotations"):
        pipeline(MASKS)({"img_shape": (24, 40)})
    with pytest.raises(ValueError, match="would replace gt_masks"):
        pipeline(MASKS, MASKS)(sample())
