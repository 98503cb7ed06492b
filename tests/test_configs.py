"""Every shipped config: small, consistent with its data set, and able to train and predict."""

import argparse
import functools
import math
import re
from pathlib import Path

import mmengine
import pytest
import torch
from mmdet.registry import DATASETS, HOOKS, METRICS, MODELS
from mmdet.structures import DetDataSample
from mmdet.testing import demo_mm_inputs
from mmengine.config import DictAction

from .config_utils import (
    CONFIG_ROOT,
    CONFIGS,
    build,
    can_build,
    class_head,
    dataset_classes,
    demo_batch,
    dense_head,
    differences,
    head_strides,
    input_size,
    load,
    strip_method,
    write_coco,
)

# Words of the settings part of a name that stand for an assigner (configs/README.md).
METHOD_WORDS = ("adla", "at", "dynamic-iou", "matching-degree")
# What stands on another measure than the IoU is in test_rival_configs.py.
METHOD = re.compile(
    rf"(?<=_)({'|'.join(METHOD_WORDS)})-(?:(?:16|as-at)-)?(?!(?:16|as-at|nwd|rfd|dotd|simd)-)"
)
METHOD_CONFIGS = [name for name in CONFIGS if METHOD.search(Path(name).name)]
MAX_CODE_LINES = 25


def twin(name: str) -> str:
    return name.replace("_levir-ship.py", "_aitod.py")


# Of two configs with the same network one is enough to train.
TWINS = [name for name in CONFIGS if twin(name) != name and twin(name) in CONFIGS]

each_config = pytest.mark.parametrize("name", CONFIGS)


@pytest.fixture(scope="module", autouse=True)
def cached_model_cards():
    """Let mmengine read mmdet's hundred model cards once, not again for every `mmdet::` base."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmengine.config.utils.load", functools.cache(mmengine.load))
        yield


def test_the_configs_are_found():
    assert len(CONFIGS) >= 30
    assert {Path(name).parts[0] for name in CONFIGS} >= {"retinanet", "faster_rcnn"}


@each_config
def test_is_short(name):
    lines = (CONFIG_ROOT / name).read_text().splitlines()
    code = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert len(code) <= MAX_CODE_LINES, f"{name}: {len(code)} lines of code"


@each_config
def test_fits_its_data(name):
    cfg = load(name)
    num_classes = class_head(cfg.model).num_classes
    for split in ("train", "val", "test"):
        dataset_cfg = cfg[f"{split}_dataloader"].dataset
        classes = dataset_classes(dataset_cfg)
        assert len(classes) == num_classes, f"{name}: {split} has the classes {classes}"
    for split in ("val", "test"):
        evaluators, dataset = cfg[f"{split}_evaluator"], cfg[f"{split}_dataloader"].dataset
        for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
            assert METRICS.get(evaluator.type), f"{name}: no metric {evaluator.type!r}"
            assert evaluator.ann_file == dataset.data_root + dataset.ann_file, name
    for hook in cfg.custom_hooks:
        assert HOOKS.get(hook.type), f"{name}: no hook {hook.type!r}"


@pytest.mark.parametrize("name", [name for name in CONFIGS if not name.startswith("demo")])
def test_learning_rate_belongs_to_its_batch(name):
    cfg = load(name)
    assert cfg.auto_scale_lr.base_batch_size == cfg.train_dataloader.batch_size, name
    assert "save_best" not in cfg.default_hooks.checkpoint, f"{name}: selects on val"
    is_curve = name.endswith(("light_hit-uav.py", "light_sen2ships.py"))
    evaluations = cfg.train_cfg.max_epochs / cfg.train_cfg.val_interval
    assert evaluations == (6 if is_curve else 1), f"{name}: {evaluations} evaluations"


@pytest.mark.parametrize("name", TWINS)
def test_levir_ship_has_the_network_of_aitod(name):
    ours, theirs = (load(n).model.to_dict() for n in (name, twin(name)))
    assert {path[-1] for path in differences(ours, theirs)} == {"num_classes"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CONFIGS if name not in TWINS])
def test_trains_and_predicts(name):
    cfg = load(name)
    if not can_build(cfg):
        with pytest.raises(ImportError, match="TimmBackbone needs timm"):
            build(cfg)
        return
    model = build(cfg)
    num_classes = class_head(cfg.model).num_classes

    size = input_size(model)
    side = max(size, 64, *head_strides(model))
    with torch.no_grad():
        levels = model.extract_feat(torch.zeros(1, 3, side, side))
    sizes = [level.shape[-1] for level in levels]
    expected = [math.ceil(side / stride) for stride in head_strides(model)]
    assert sizes == expected, f"{name}: levels of {sizes} pixels, the head is made for {expected}"

    data = model.data_preprocessor(demo_batch(num_classes, size), training=True)
    losses = model(**data, mode="loss")
    total, parts = model.parse_losses(losses)
    assert torch.isfinite(total), f"{name}: {parts}"
    total.backward()
    idle = [k for k, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not idle, f"{name}: parameters without a gradient: {idle}"

    model.eval()
    data = model.data_preprocessor(demo_batch(num_classes, size), training=False)
    with torch.no_grad():
        results = model(**data, mode="predict")
    for result in results:
        assert isinstance(result, DetDataSample), name
        predicted = result.pred_instances
        assert predicted.bboxes.shape == (len(predicted), 4), name
        assert ((predicted.labels >= 0) & (predicted.labels < num_classes)).all(), name
    assert sum(len(result.pred_instances) for result in results), f"{name}: predicts nothing"


@pytest.mark.parametrize("name", METHOD_CONFIGS)
def test_method_is_a_diff_of_head_and_assigner(name):
    path = Path(name)
    baseline_name = str(path.with_name(METHOD.sub("", path.name)))
    assert baseline_name in CONFIGS, f"{name} has no baseline {baseline_name}"
    method, baseline = load(name).to_dict(), load(baseline_name).to_dict()

    train_cfg = method["model"]["train_cfg"]
    assigner = train_cfg.get("rpn", train_cfg)["assigner"]
    assert assigner["type"] == "AdaptiveDynamicAssigner", name
    wants_predictions = assigner.get("metric", "dynamic_iou") != "anchor_iou"
    head_type = dense_head(method["model"])["type"]
    assert head_type.startswith("Adla") == wants_predictions, f"{name}: {head_type}, {assigner}"

    method["model"] = strip_method(method["model"])
    baseline["model"] = strip_method(baseline["model"])
    assert method == baseline, f"{name} differs from {baseline_name} beyond head and assigner"


@pytest.mark.parametrize(
    "name, train_shape",
    [
        ("retinanet/retinanet_r50_fpn_1x_aitod.py", (800, 800)),
        ("retinanet/retinanet_r50_fpn_1x_levir-ship.py", (512, 512)),
        ("retinanet/retinanet_csp-nano_fpn-p2_light_sirst-v2.py", (256, 256)),
    ],
)
def test_pipelines_load_gray_and_empty_images(name, train_shape, tmp_path):
    cfg = load(name)
    size = (train_shape[1], train_shape[0])
    sizes = [size, size] if "sirst" not in name else [(130, 120), (320, 300)]
    for split in ("train", "test"):
        dataset_cfg = cfg[f"{split}_dataloader"].dataset
        dataset_cfg.data_root = str(tmp_path)
        write_coco(tmp_path, dataset_cfg, sizes)
        dataset = DATASETS.build(dataset_cfg)
        items = [dataset[i] for i in range(len(dataset))]
        boxes = [len(item["data_samples"].gt_instances) for item in items]
        assert boxes == [3, 0], f"{name}: {split} loads {boxes} boxes"
        for item, (width, height) in zip(items, sizes, strict=True):
            shape = train_shape if split == "train" else (height, width)
            assert item["inputs"].shape == (3, *shape), f"{name}: {split}"
        if split == "test":
            assert items[0]["data_samples"].scale_factor == (1.0, 1.0), name


def test_from_scratch_switch_of_the_readme():
    readme = (CONFIG_ROOT / "README.md").read_text()
    options = re.search(r"--cfg-options (model\.backbone\.init_cfg=\S+(?: \S+=\S+)+)", readme)
    parser = argparse.ArgumentParser()
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    args = parser.parse_args(["--cfg-options", *options.group(1).split()])

    cfg = load("retinanet/retinanet_r18_fpn_1x_aitod.py")
    cfg.merge_from_dict(args.cfg_options)
    model = MODELS.build(cfg.model)
    model.init_weights()  # would ask for torchvision or the network were anything still pretrained
    model.train()
    frozen = [k for k, p in model.named_parameters() if not p.requires_grad]
    assert not frozen, f"still frozen: {frozen}"
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms and all(m.training for m in norms)


@pytest.mark.parametrize("key", ["tiny/AP", "sirst/AP", "sirst/precision", "tiny/AR_1500"])
def test_save_best_auto_knows_what_is_to_rise(key):
    hook = HOOKS.build(load("ssd/ssd512_1x_aitod.py").default_hooks.checkpoint | {"save_best": key})
    assert hook.rules == ["greater"]


@pytest.mark.slow
def test_ssd_takes_images_that_are_not_square():
    model = load("ssd/ssd512_1x_aitod.py").model
    model.backbone.init_cfg = None
    detector = MODELS.build(model).eval()
    data = demo_mm_inputs(1, (3, 256, 512))  # what the pipeline makes of 800 x 400 px
    data = detector.data_preprocessor(data)
    with torch.no_grad():
        levels = detector.extract_feat(data["inputs"])
    assert [tuple(level.shape[-2:]) for level in levels][-1] == (1, 1)
