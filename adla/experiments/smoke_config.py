"""A light variant of any detector's config: small, on a few images, a few minutes on one core.

What is tried stays as the config has it: network, heads, losses, assigners, pipelines. R50 has a
quarter of its width, nothing is frozen or pretrained, one optimizer serves all, images are small.
"""

import copy
import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

#: Number of images, to learn by heart: those with the most objects from this area in pixels on,
#: which a detector of stride 16 can find too.
IMAGES, BATCH, AREA = 24, 4, 16**2
#: Longer side of the input in pixels, and that of networks that take several times as long.
SIDE, HEAVY_SIDE = 320, 192
#: Images in a step of these networks; one of 320 px where the stride is 16.
_HEAVY = {"DetectoRS_ResNet": 2, "Darknet": 2, "SSDVGG": 2, "TridentResNet": 1}
#: Keys whose values are numbers of channels.
_WIDTHS = (
    "in_channels", "out_channels", "feat_channels", "conv_out_channels", "fc_out_channels",
    "rfp_inplanes", "aspp_out_channels",
)  # fmt: skip
_SLIM = ("ResNet", "DetectoRS_ResNet")
_SHRINK = 4
#: Largest values: proposals and detections are few, low scores count, SSD's input is not padded.
_LIMITS = {
    "nms_pre": 500, "max_per_img": 300, "num": 128, "score_thr": 0.001, "pad_size_divisor": 64,
}  # fmt: skip


def choose_images(ann_file: Path, out: Path) -> None:
    """Write a COCO file of the images with the most objects of some size.

    Args:
        ann_file: COCO annotations.
        out: The file to write.
    """
    coco = json.loads(ann_file.read_text(encoding="utf-8"))
    numbers = [image["id"] for image in coco["images"]]
    objects, large = Counter(numbers), Counter(numbers)
    for annotation in coco["annotations"]:
        if not annotation.get("iscrowd", 0):
            objects[annotation["image_id"]] += 1
            large[annotation["image_id"]] += math.prod(annotation["bbox"][2:]) >= AREA
    chosen = sorted(numbers, key=lambda one: (-large[one], -objects[one], one))[:IMAGES]
    coco["images"] = [image for image in coco["images"] if image["id"] in chosen]
    coco["annotations"] = [one for one in coco["annotations"] if one["image_id"] in chosen]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(coco), encoding="utf-8")


def smoke_config(config: Config, data_root: Path, ann_file: Path, iterations: int) -> Config:
    """Return the light variant of a config.

    Args:
        config: Config of a detector.
        data_root: Folder of a converted HIT-UAV.
        ann_file: Its images to train and to test on.
        iterations: Of the training.
    """
    cfg = copy.deepcopy(config)
    _lighten(cfg.model)
    batch = _HEAVY.get(cfg.model.backbone.type, BATCH)
    side = HEAVY_SIDE if batch == 2 else SIDE
    for split, shuffle in (("train", True), ("val", False), ("test", False)):
        dataset = cfg[f"{split}_dataloader"].dataset
        while "dataset" in dataset:
            dataset = dataset.dataset
        pipeline = dataset.pipeline
        for step in pipeline:
            if step["type"] == "Resize":
                step["scale"] = (side, side)
        cfg[f"{split}_dataloader"] = {
            "batch_size": batch if split == "train" else 1,
            "num_workers": 0,
            "sampler": {"type": "InfiniteSampler" if shuffle else "DefaultSampler",
                        "shuffle": shuffle},
            "dataset": {
                "type": "HITUAVDataset", "data_root": f"{data_root}/", "ann_file": str(ann_file),
                "data_prefix": {"img": ""}, "filter_cfg": {"filter_empty_gt": False},
                "pipeline": pipeline, "test_mode": split != "train",
            },
        }  # fmt: skip
    evaluator = {"type": "TinyCocoMetric", "ann_file": str(ann_file)}
    cfg.val_evaluator, cfg.test_evaluator = evaluator, dict(evaluator)
    _schedule(cfg, iterations, batch)
    return cfg


def _schedule(cfg: Config, iterations: int, batch: int) -> None:
    """Replace optimizer, loops and hooks; what is heavy computes in 16 bits if that is faster."""
    cfg.optim_wrapper = {
        "type": "OptimWrapper" if batch == BATCH else "MixedPrecisionOptimWrapper",
        "optimizer": {"type": "AdamW", "lr": 0.001 * batch / BATCH, "weight_decay": 0.0001},
        "clip_grad": {"max_norm": 35, "norm_type": 2},
    }
    cfg.param_scheduler = [
        {"type": "LinearLR", "start_factor": 0.05, "by_epoch": False, "begin": 0, "end": 20}
    ]
    cfg.train_cfg = {
        "type": "IterBasedTrainLoop", "max_iters": iterations, "val_interval": 2 * iterations,
    }  # fmt: skip
    cfg.val_cfg, cfg.test_cfg = {"type": "ValLoop"}, {"type": "TestLoop"}
    logger = {"type": "LoggerHook", "interval": 1, "log_metric_by_epoch": False}
    cfg.default_hooks = {"logger": logger, "checkpoint": None}
    cfg.log_processor = {"type": "LogProcessor", "window_size": 1, "by_epoch": False}
    cfg.randomness = {"seed": 0}
    for key in ("load_from", "resume", "auto_scale_lr"):
        cfg.pop(key, None)


def _lighten(model: Any) -> None:
    """Make a model small and let all of it learn, in place."""
    for part in _parts(model):
        if "num_classes" in part:
            part["num_classes"] = 4
        if (part.get("init_cfg") or {}).get("type") == "Pretrained":
            part["init_cfg"] = None
        part.update({key: False for key in ("pretrained", "norm_eval") if key in part})
        if "frozen_stages" in part:
            part["frozen_stages"] = -1
        if "requires_grad" in part:
            part["requires_grad"] = True
        part.update(
            {
                k: min(part[k], v)
                for k, v in _LIMITS.items()
                if isinstance(part.get(k), (int, float))
            }
        )
    backbone = model["backbone"]
    if backbone["type"] in _SLIM and backbone["depth"] >= 50:
        _slim(model)
    elif backbone["type"] == "SSDVGG":
        _drop_last_level(model)
    elif backbone["type"] == "TridentResNet":
        _shrink_regions(model)


def _slim(model: Any) -> None:
    """Divide the widths of a detector on R50 by four."""
    for part in _parts(model):
        if part.get("type") in _SLIM and "num_stages" in part:
            part["base_channels"] = 64 // _SHRINK
        for key in _WIDTHS:
            if isinstance(part.get(key), int):
                part[key] //= _SHRINK
            elif isinstance(part.get(key), (list, tuple)):
                part[key] = [width // _SHRINK for width in part[key]]


def _shrink_regions(model: Any) -> None:
    """Give TridentNet's second stage, which is a stage of R50, few and small regions."""
    model["train_cfg"]["rcnn"]["sampler"]["num"] = 16
    for proposals in (model["train_cfg"]["rpn_proposal"], model["test_cfg"]["rpn"]):
        proposals["max_per_img"] = 50
    head = model["roi_head"]
    head["bbox_roi_extractor"]["roi_layer"]["output_size"] = 8
    head["bbox_head"]["roi_feat_size"] = 4


def _drop_last_level(model: Any) -> None:
    """Leave out SSD-512's last level, which has no pixel where the input is below 512 px."""
    neck, head = model["neck"], model["bbox_head"]
    neck["out_channels"] = neck["out_channels"][:-1]
    neck["level_strides"], neck["level_paddings"] = (2,) * 4, (1,) * 4
    neck["last_kernel_size"] = 3
    head["in_channels"] = head["in_channels"][:-1]
    for key in ("strides", "ratios"):
        head["anchor_generator"][key] = head["anchor_generator"][key][:-1]


def _parts(value: Any) -> Iterator[Any]:
    """Yield a mapping and all mappings in it."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _parts(inner)
