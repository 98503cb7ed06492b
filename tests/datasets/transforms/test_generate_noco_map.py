"""The NoCo map in a pipeline: gray, flipped, cropped and padded with its image."""

import mmcv
import numpy as np
import pytest
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.dataset import Compose

from adla.datasets.noco_map import noco_map


def pipeline(*steps):
    return Compose([TRANSFORMS.build(step) for step in steps])


def sample(boxes=((10, 6, 15, 10),), channels=3):
    image = np.random.default_rng(1).integers(0, 256, (24, 40, channels)).astype(np.uint8)
    return {
        "img": image if channels == 3 else image[..., 0],
        "img_shape": (24, 40),
        "gt_bboxes": HorizontalBoxes(np.array(boxes, dtype=np.float32).reshape(-1, 4)),
        "gt_bboxes_labels": np.zeros(len(boxes), np.int64),
    }


NOCO = {"type": "GenerateNoCoMap"}
PACK = {"type": "PackDetInputs", "meta_keys": ()}


def test_transform_packs_the_map_of_the_gray_image():
    results = sample()
    packed = pipeline(NOCO, PACK)(sample())["data_samples"].gt_sem_seg.sem_seg
    expected = noco_map(mmcv.bgr2gray(results["img"]), np.array([[10, 6, 15, 10]]))
    assert packed.shape == (1, 24, 40)
    np.testing.assert_array_equal(packed[0].numpy(), expected)
    assert pipeline(NOCO, PACK)(sample(channels=1))["data_samples"].gt_sem_seg.sem_seg.max() > 0.9


def test_map_of_a_flipped_image_is_the_flipped_map():
    flip = {"type": "RandomFlip", "prob": 1.0, "direction": "horizontal"}
    before = pipeline(flip, NOCO, PACK)(sample())["data_samples"]
    after = pipeline(NOCO, flip, PACK)(sample())["data_samples"]
    for packed in (before, after):
        noco = packed.gt_sem_seg.sem_seg[0].numpy()
        assert packed.gt_instances.bboxes.tensor.tolist() == [[25, 6, 30, 10]]
        assert noco[6:10, 25:30].max() > 0.9 and noco[:, :20].max() == 0
    np.testing.assert_allclose(
        before.gt_sem_seg.sem_seg.numpy(), after.gt_sem_seg.sem_seg.numpy(), atol=1e-6
    )


def test_padded_with_zero_and_cropped_with_the_image():
    pad = {"type": "Pad", "size": (64, 64), "pad_val": {"img": 112, "seg": 0}}
    crop = {"type": "RandomCrop", "crop_size": (24, 20), "allow_negative_crop": True}
    packed = pipeline(crop, NOCO, pad, PACK)(sample())
    noco = packed["data_samples"].gt_sem_seg.sem_seg
    assert noco.shape == (1, 64, 64) and noco[:, 24:].max() == 0 and noco[:, :, 20:].max() == 0
    boxes = packed["data_samples"].gt_instances.bboxes.tensor
    assert bool(noco.any()) == bool(len(boxes))


def test_boxes_between_pixels():
    """10.6 to 15.9 is 11 to 16, or cut off 10 to 15; 6.2 to 10.7 is 6 to 11, or 6 to 10."""
    results = sample(boxes=((10.6, 6.2, 15.9, 10.7),))
    gray = mmcv.bgr2gray(results["img"])
    for rounding, box in {"nearest": [11, 6, 16, 11], "toward_zero": [10, 6, 15, 10]}.items():
        packed = pipeline(dict(NOCO, rounding=rounding), PACK)(dict(results))
        noco = packed["data_samples"].gt_sem_seg.sem_seg[0].numpy()
        np.testing.assert_array_equal(noco, noco_map(gray, np.array([box])))
    with pytest.raises(
        ValueError, match="rounding must be 'nearest' or 'toward_zero', but got 'up'"
    ):
        pipeline(dict(NOCO, rounding="up"))


def test_without_boxes():
    assert not pipeline(NOCO, PACK)(sample(boxes=()))["data_samples"].gt_sem_seg.sem_seg.any()


def test_wrong_places_in_a_pipeline():
    results = sample()
    del results["gt_bboxes"]
    with pytest.raises(ValueError, match="needs gt_bboxes: put LoadAnnotations"):
        pipeline(NOCO)(results)
    with pytest.raises(ValueError, match="would replace gt_seg_map"):
        pipeline(NOCO, NOCO)(sample())
