"""The rows of the MSLA ablation, and the pipelines that mix images."""

import copy
import dataclasses
import random
from itertools import pairwise

import numpy as np
import pytest
from mmdet.registry import DATASETS, TASK_UTILS

from .config_utils import CONFIGS, load, write_coco

ROWS = [name for name in CONFIGS if name.startswith(("msla/", "yolov8/"))]
MSLA = [name for name in ROWS if "_msla-" in name]
LETTER = [name for name in ROWS if name.startswith("yolov8/")]
MIXING = ["yolov8/yolov8-n_pafpn_300e_sirst-v2.py", "yolov8/yolov8-n_pafpn_light_sirst-v2.py"]


def test_sizes_and_necks_are_whole():
    sizes = {(s, n, r) for s in "ns" for n in ("pafpn", "pafpn-p2") for r in ("300e",)}
    sizes |= {("n", n, r) for n in ("pafpn", "pafpn-p2") for r in ("light", "light-1280-120e")}
    sizes |= {("n", "pafpn-p2", "light-1280-false-alarms"), ("s", "pafpn-p2", "light-1280-120e")}
    sizes |= {("n", "pafpn-p2", "light-1280-120e-pre-hit-uav")}
    names = {f"yolov8/yolov8-{s}_{n}_{r}_sirst-v2.py" for s, n, r in sizes}
    other = {f"yolov8/yolov8-n_pafpn-p2_light-{r}.py" for r in ("512_sen2ships", "640_hit-uav")}
    assert names | other == set(LETTER)
    names = {f"msla/yolov8-{s}_{n}_msla-{r}_sirst-v2.py" for s, n, r in sizes}
    assert names - set(MSLA) == {"msla/yolov8-n_pafpn_msla-light-1280-120e_sirst-v2.py"}


@pytest.mark.parametrize("name", LETTER)
def test_yolov8_has_its_own_assignment_and_branches(name):
    model = load(name).model
    assert model.train_cfg.assigner == dict(type="YOLOv8Assigner", version="8.3")
    assert model.bbox_head.get("branches") is None
    assert model.bbox_head.get("loss_bbox") is None  # CompleteIoULoss is the head's own


@pytest.mark.parametrize("name", [name for name in LETTER + MSLA if "300e" in name])
def test_the_whole_recipe_has_yolov8s_numbers(name):
    cfg = load(name)
    wrapper, steps = cfg.optim_wrapper, cfg.train_dataloader.dataset.pipeline
    assert (wrapper.type, wrapper.sum_gradients) == ("SummingOptimWrapper", True)
    assert wrapper.clip_grad == dict(max_norm=10.0, norm_type=2)
    assert wrapper.optimizer == dict(
        type="SGD", lr=0.01, momentum=0.937, nesterov=True, weight_decay=0.0005
    )
    hooks = {hook.pop("type"): hook for hook in cfg.custom_hooks}
    assert hooks["YOLOv8ScheduleHook"] == hooks["UpdateEMAHook"] == {}  # with their own defaults
    assert cfg.model.bbox_head.times_batch is True
    pixels = cfg.model.data_preprocessor
    assert (pixels.mean, pixels.std) == ([0.0] * 3, [255.0] * 3)
    assert cfg.train_dataloader.batch_size == 16
    (affine,) = [step for step in steps if step.type == "CenteredAffine"]
    assert (affine.scale, affine.translate) == (0.5, 0.1)
    (colors,) = [step for step in steps if step.type == "HSVGain"]
    assert (colors.hue, colors.saturation, colors.value) == (0.015, 0.7, 0.4)
    assert [step.prob for step in steps if step.type == "RandomFlip"] == [0.5]
    assert not any("MixUp" in step.type for step in steps)


@pytest.mark.parametrize("name", [name for name in MSLA if "ablation" not in name])
def test_msla_is_a_diff_of_the_assigner_and_the_tiny_branch(name):
    method, baseline = load(name), load(name.replace("msla/", "yolov8/").replace("_msla-", "_"))
    assert method.model.train_cfg.pop("assigner").metrics[0] == "dotd"
    baseline.model.train_cfg.pop("assigner")
    assert method.model.bbox_head.pop("branches", ["tiny"])[0] == "tiny"
    method.pop("assigner")  # the name that the config itself uses
    # A second training names the first by its config.
    assert method.pretty_text.replace("_msla-", "_") == baseline.pretty_text


@pytest.mark.parametrize("name", [name for name in CONFIGS if name.startswith("yolov5/")])
def test_yolov5_trains_by_the_recipe_of_yolov8(name):
    five, eight = load(name), load(name.replace("yolov5", "yolov8"))
    own, model = five.pop("model"), eight.pop("model")
    five.pop("objectness", None)  # the name of a loss in the model
    assert five.to_dict() == eight.to_dict()
    assert own.bbox_head.get("times_batch") == model.bbox_head.get("times_batch")
    assert (own.test_cfg, own.data_preprocessor) == (model.test_cfg, model.data_preprocessor)


def rule_of(name):
    """The settings of an assignment, with the defaults, and the branches."""
    model = load(name).model
    rule = dataclasses.asdict(TASK_UTILS.build(model.train_cfg.assigner).rule)
    metrics = rule.pop("metrics")
    levels = len(model.bbox_head.strides)
    rule["metrics"] = [metrics] * levels if isinstance(metrics, str) else list(metrics)
    gates = rule.pop("gate_stride")
    if not isinstance(gates, list):
        gates = [gates if metric == "dotd" else 0 for metric in rule["metrics"]]
    return {**rule, "gates": gates, "branch": (model.bbox_head.get("branches") or ["normal"])[0]}


def test_each_row_of_the_ablation_is_one_step():
    folder = "msla/ablation/yolov8-n_pafpn-p2_step"
    rows = [
        "yolov8/yolov8-n_pafpn-p2_light_sirst-v2.py",
        *sorted(name for name in CONFIGS if name.startswith(folder)),
        "msla/yolov8-n_pafpn-p2_msla-light_sirst-v2.py",
    ]
    rules = [rule_of(name) for name in rows]
    changes = [
        {key: new[key] for key in new if new[key] != old[key]} for old, new in pairwise(rules)
    ]
    assert changes == [
        dict(branch="tiny"),
        dict(eps=0.0),
        dict(contested="choosers"),
        dict(gates=[2.0, 0, 0, 0]),
        dict(force_match=True),
        dict(soft_target="iou"),
        dict(topk_per_level=True),
        dict(metrics=["dotd", "ciou", "ciou", "ciou"], scale=13.1),
    ]
    for name in rows:  # nothing else differs
        cfg, last = load(name), load(rows[-1])
        for one in (cfg, last):
            one.model.train_cfg.pop("assigner")
            one.model.bbox_head.pop("branches", None)
            one.pop("assigner", None)
        assert cfg.to_dict() == last.to_dict(), name


def test_the_first_step_is_p2():
    assert "step1" not in " ".join(CONFIGS)
    low, fine = (load(f"yolov8/yolov8-n_{n}_light_sirst-v2.py") for n in ("pafpn", "pafpn-p2"))
    assert (low.model.bbox_head.strides, fine.model.bbox_head.strides[0]) == ([8, 16, 32], 4)


@pytest.mark.parametrize("name", ROWS)
def test_each_level_has_one_metric(name):
    model = load(name).model
    assigner = TASK_UTILS.build(model.train_cfg.assigner)
    assigner.rule.metric_of(0, len(model.bbox_head.strides))
    assigner.rule.gate_of(0, len(model.bbox_head.strides))


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
