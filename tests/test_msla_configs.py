"""The rows of the MSLA ablation, and the pipelines that mix images."""

import copy
import random

import numpy as np
import pytest
from mmdet.registry import DATASETS

from .config_utils import CONFIGS, load, write_coco

ROWS = [name for name in CONFIGS if name.startswith("msla/")]
MSLA = [name for name in ROWS if "_msla-" in name]
MIXING = ["msla/yolov8-n_pafpn_300e_sirst-v2.py", "msla/yolov8-n_pafpn_light_sirst-v2.py"]


def test_the_ablation_is_whole():
    rows = {(s, n, m) for s in "ns" for n in ("pafpn", "pafpn-p2") for m in ("300e", "msla-300e")}
    rows |= {("n", n, m) for n in ("pafpn", "pafpn-p2") for m in ("light", "msla-light")}
    names = {f"msla/yolov8-{size}_{neck}_{row}_sirst-v2.py" for size, neck, row in rows}
    assert names == set(ROWS)


@pytest.mark.parametrize("name", MSLA)
def test_msla_is_a_diff_of_the_assigner(name):
    method, baseline = load(name), load(name.replace("_msla-", "_"))
    assert method.model.train_cfg.pop("assigner").metrics[0] == "dotd"
    assert set(baseline.model.train_cfg.pop("assigner").metrics) == {"ciou"}
    method.pop("assigner")  # the name that the config itself uses
    assert method.to_dict() == baseline.to_dict()


@pytest.mark.parametrize("name", ROWS)
def test_each_level_has_one_metric(name):
    model = load(name).model
    assert len(model.train_cfg.assigner.metrics) == len(model.bbox_head.strides)


def switch_hook(cfg):
    (hook,) = [hook for hook in cfg.custom_hooks if hook.type == "PipelineSwitchHook"]
    return hook


@pytest.mark.parametrize("name", MIXING)
def test_mixing_ends_before_the_training_does(name):
    cfg = load(name)
    hook = switch_hook(cfg)
    assert cfg.train_cfg.max_epochs - hook.switch_epoch == (10 if "300e" in name else 5)
    before = [step.type for step in cfg.train_dataloader.dataset.pipeline]
    after = [step.type for step in hook.switch_pipeline]
    assert "CachedMosaic" in before and not {"CachedMosaic", "CachedMixUp"} & set(after)
    assert [t for t in before if t in after] == after


@pytest.mark.parametrize("name", MIXING)
@pytest.mark.parametrize("closed", [False, True])
def test_pipelines_keep_images_without_targets_and_whole_targets(name, closed, tmp_path):
    """Also where nothing but empty images is in the cache to be mixed."""
    random.seed(0)
    np.random.seed(0)
    cfg = load(name)
    dataset_cfg = copy.deepcopy(cfg.train_dataloader.dataset)
    dataset_cfg.data_root = str(tmp_path)
    size = 640 if "300e" in name else 256
    write_coco(tmp_path, dataset_cfg, [(300, 200)] + [(320, 256), (500, 400)] * 4)
    if closed:
        dataset_cfg.pipeline = switch_hook(cfg).switch_pipeline
    dataset = DATASETS.build(dataset_cfg)
    empty = 0
    for index in [1, 2, 3, 4, 5, 0, 1, 0, 6, 0]:
        item = dataset.prepare_data(index)
        assert item is not None, "an image was thrown away"
        assert item["inputs"].shape == (3, size, size)
        boxes = item["data_samples"].gt_instances.bboxes.tensor
        assert ((boxes[:, 2:] - boxes[:, :2]) >= 1).all()
        assert len(boxes) or index != 0 or not closed or size == 256
        empty += not len(boxes)
    assert empty >= 5
