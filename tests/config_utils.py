"""Loading, building and feeding the shipped configs in tests."""

import copy
import functools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from mmcv import imwrite
from mmdet.models.backbones.trident_resnet import TridentConv
from mmdet.models.necks.ssd_neck import L2Norm
from mmdet.registry import DATASETS, MODELS
from mmdet.testing import demo_mm_inputs
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData

from adla.engine.assigners import find_assigners

CONFIG_ROOT = Path(__file__).resolve().parents[1] / "configs"
CONFIGS = sorted(
    str(path.relative_to(CONFIG_ROOT))
    for path in CONFIG_ROOT.rglob("*.py")
    if "_base_" not in path.parts
)

read = functools.cache(lambda name: Config.fromfile(CONFIG_ROOT / name))


def load(name: str) -> Config:
    """Return a config of its own and enter its default scope, as the runner does."""
    cfg = copy.deepcopy(read(name))
    init_default_scope(cfg.default_scope)
    return cfg


def dense_head(model_cfg: dict) -> dict:
    """Return the head that owns the anchors: the RPN where there is one, else the bbox head."""
    return model_cfg["rpn_head"] if "rpn_head" in model_cfg else model_cfg["bbox_head"]


def head_strides(model: torch.nn.Module) -> list[int]:
    """Return the strides of the levels that the dense head of a detector is made for."""
    head = model.rpn_head if hasattr(model, "rpn_head") else model.bbox_head
    if not hasattr(head, "prior_generator"):
        return [4]  # CenterNet reads it off its one map
    return [stride for stride, _ in head.prior_generator.strides]


def class_head(model_cfg: dict) -> dict:
    """Return the head that owns `num_classes`."""
    head = model_cfg.get("roi_head", model_cfg)["bbox_head"]
    return head[-1] if isinstance(head, list) else head  # the last stage of a cascade


def dataset_classes(dataset_cfg: dict) -> tuple:
    """Return the classes a dataset config stands for: its own `metainfo`, else the class's."""
    while "dataset" in dataset_cfg:
        dataset_cfg = dataset_cfg["dataset"]
    metainfo = dataset_cfg.get("metainfo") or DATASETS.get(dataset_cfg["type"]).METAINFO
    return tuple(metainfo["classes"])


def build(cfg: Config) -> torch.nn.Module:
    """Build a detector at the end of its training, without pretrained weights.

    A second stage gets few proposals: the same code in a tenth of the time.
    """
    model_cfg = cfg.model
    model_cfg.backbone.init_cfg = None
    if "roi_head" in model_cfg:
        model_cfg.train_cfg.rpn_proposal.max_per_img = 20
        model_cfg.test_cfg.rpn.max_per_img = 20
        stages = model_cfg.train_cfg.rcnn
        for stage in stages if isinstance(stages, list) else [stages]:
            stage.sampler.num = 8
    if "topk" in (model_cfg.test_cfg or {}):
        model_cfg.test_cfg.topk = 50  # CenterNet takes no more peaks than a map has cells
    model = MODELS.build(model_cfg)
    for module in model.modules():  # two of them leave their weights as the memory has them
        if isinstance(module, TridentConv):
            torch.nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, L2Norm):
            torch.nn.init.constant_(module.weight, 20)
    scale_standardized_weights(model)
    for assigner in find_assigners(model).values():
        if hasattr(assigner, "set_progress"):
            assigner.set_progress(1.0)
    return model


def scale_standardized_weights(model: torch.nn.Module) -> None:
    """Scale weight-standardized convolutions (DetectoRS) as loading pretrained weights does."""
    state = model.state_dict()
    scales = [key for key in state if key.endswith(("weight_gamma", "weight_beta"))]
    if scales:
        model.load_state_dict({k: v for k, v in state.items() if k not in scales}, strict=False)


def can_build(cfg: Config) -> bool:
    """Return whether the libraries of a detector are there; timm is optional."""
    if cfg.model.backbone.type != "TimmBackbone":
        return True
    try:
        import timm  # noqa: F401
    except (ImportError, RuntimeError):  # the latter: its torchvision does not fit torch
        return False
    return True


def input_size(model: torch.nn.Module) -> int:
    """Return a small side in pixels of images that a detector can take."""
    backbone = type(model.backbone).__name__
    # SSD-512 needs two pixels of stride 256, the reflection in DetectoRS three of stride 32.
    return {"SSDVGG": 264, "DetectoRS_ResNet": 96}.get(backbone, 32)


def demo_batch(num_classes: int, size: int = 32) -> dict:
    """Return one image with random boxes and one without any, `size` pixels a side.

    They have masks, which Mask R-CNN reads, and empty NoCo maps, which OSCAR reads.
    """
    batch = demo_mm_inputs(
        2, (3, size, size), num_items=[3, 0], num_classes=num_classes + 1, with_mask=True
    )
    for sample in batch["data_samples"]:
        sample.gt_instances.labels -= 1
        sample.gt_sem_seg = PixelData(sem_seg=torch.zeros(1, size, size))
    return batch


def strip_method(model_cfg: dict) -> dict:
    """Return a copy of a model config without what a method may change: head type and assigner."""
    model_cfg = copy.deepcopy(model_cfg)
    head = dense_head(model_cfg)
    head["type"] = head["type"].replace("Adla", "")
    train_cfg = model_cfg["train_cfg"]
    del train_cfg.get("rpn", train_cfg)["assigner"]
    return model_cfg


def differences(ours, theirs, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every value that is in one of two configs only or differs."""
    pairs = None
    if isinstance(ours, dict) and isinstance(theirs, dict):
        pairs = {key: (ours.get(key), theirs.get(key)) for key in ours.keys() | theirs.keys()}
    elif isinstance(ours, (list, tuple)) and len(ours) == len(theirs):
        pairs = dict(enumerate(zip(ours, theirs, strict=True)))
    if pairs is not None:
        for key, (our, their) in pairs.items():
            yield from differences(our, their, (*path, key))
    elif ours != theirs:
        yield path


def write_coco(root: Path, dataset_cfg: dict, sizes: list) -> None:
    """Write one image per (width, height) where `dataset_cfg` looks, 6-px boxes on the first."""
    rng = np.random.default_rng(0)
    images = [
        dict(id=i, file_name=f"{i}.png", width=w, height=h) for i, (w, h) in enumerate(sizes, 1)
    ]
    for image in images:
        pixels = rng.integers(0, 255, (image["height"], image["width"]), dtype=np.uint8)
        imwrite(pixels, str(root / dataset_cfg["data_prefix"]["img"] / image["file_name"]))
    annotations = [
        dict(id=k, image_id=1, category_id=1, bbox=[20 * k, 30, 6, 6], area=36, iscrowd=0)
        for k in (1, 2, 3)
    ]
    categories = [dict(id=k, name=n) for k, n in enumerate(dataset_classes(dataset_cfg), 1)]
    path = root / dataset_cfg["ann_file"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
