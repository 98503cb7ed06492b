"""Losses of a training pipeline, on images whose targets are known."""

import random

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset

import adla  # noqa: F401
from adla.dataset_check.lost_targets import measure_losses, training_pipelines

LOAD = [
    dict(type="LoadImageFromNDArray"),
    dict(type="LoadAnnotations", with_bbox=True),
]


class ArrayDataset(BaseDataset):
    """Images in memory: three with two targets each, and one without any."""

    def load_data_list(self):
        def targets(i):
            boxes = [[10, 10, 14, 14], [60, 40, 70, 50]] if i < 3 else []
            return [dict(bbox=box, bbox_label=0, ignore_flag=0) for box in boxes]

        image = np.zeros((64, 96, 3), dtype=np.uint8)
        return [dict(img=image, img_path="", img_id=i, instances=targets(i)) for i in range(4)]


def measure(*steps, **kwargs):
    random.seed(0)
    np.random.seed(0)
    return measure_losses(ArrayDataset(), [*LOAD, *steps, dict(type="PackDetInputs")], **kwargs)


def test_shrinking_below_the_limit_counts_once():
    half = dict(type="Resize", scale_factor=0.4)
    loaded, first, second = measure(half, half)
    assert (loaded.name, first.name) == ("LoadAnnotations", "Resize")
    assert (loaded.images, loaded.targets, loaded.lost) == (4, 6, 0)
    assert (first.targets, first.lost, first.shrunk) == (6, 0, 3)  # 4 px to 1.6 px
    assert (second.targets, second.lost, second.shrunk) == (6, 0, 3)  # 10 px to 1.6 px
    np.testing.assert_allclose(sorted(first.sides), [1.6] * 3 + [4.0] * 3, atol=0.1)


def test_crops_lose_what_they_leave_out():
    steps = measure(dict(type="RandomCrop", crop_size=(32, 64), allow_negative_crop=True))
    crop = steps[-1]
    assert crop.targets == 6 and crop.lost > 0 and crop.dropped == 0
    assert len(crop.sides) == 6 - crop.lost


@pytest.mark.parametrize("keep_empty, dropped", [(True, 3), (False, 0)])
def test_images_thrown_away_are_counted(keep_empty, dropped):
    """mmdet's FilterAnnotations gives no image where `keep_empty` and no target is left."""
    steps = measure(dict(type="FilterAnnotations", min_gt_bbox_wh=(20, 20), keep_empty=keep_empty))
    assert (steps[-1].lost, steps[-1].dropped) == (6, dropped)


def test_targets_of_other_images_are_mixed_in_not_lost():
    mosaic = dict(type="CachedMosaic", img_scale=(96, 64), center_ratio_range=(1.0, 1.0))
    filter_small = dict(type="FilterAnnotations", min_gt_bbox_wh=(5, 5), keep_empty=False)
    _, mixed, filtered = measure(mosaic, filter_small, passes=5)
    assert mixed.images == 20 and mixed.lost == mixed.shrunk == 0
    assert mixed.mixed_in > mixed.targets
    assert filtered.targets == mixed.targets + mixed.mixed_in
    assert filtered.lost == filtered.targets / 2


def test_pipelines_of_a_training_by_epoch():
    hook = dict(type="PipelineSwitchHook", switch_epoch=8, switch_pipeline=[dict(type="b")])
    dataset = dict(type="RepeatDataset", dataset=dict(type="D", pipeline=[dict(type="a")]))
    cfg = Config(dict(train_dataloader=dict(dataset=dataset), custom_hooks=[hook]))
    found = {k: [step.type for step in v] for k, v in training_pipelines(cfg).items()}
    assert found == {"from epoch 1": ["a"], "from epoch 9": ["b"]}
    cfg.train_dataloader.dataset.type = "MultiImageMixDataset"
    with pytest.raises(ValueError, match="use CachedMosaic"):
        training_pipelines(cfg)
