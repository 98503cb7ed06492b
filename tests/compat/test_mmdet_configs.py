"""A detector of each of mmdet's families that mmcv's ops serve: a training step, a prediction."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import mmdet
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.testing import demo_mm_inputs
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope

from ..config_utils import scale_standardized_weights

pytestmark = pytest.mark.slow

CONFIG_ROOT = Path(mmdet.__file__).parent / ".mim" / "configs"
# The config, and functions of mmcv's compiled part that it must reach on a CPU.
CONFIGS = {
    "retinanet/retinanet_r18_fpn_1x_coco.py": ["nms"],
    "faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py": ["nms", "roi_align_backward"],
    "faster_rcnn/faster-rcnn_r50_fpn_soft-nms_1x_coco.py": ["softnms"],
    "faster_rcnn/faster-rcnn_r50-caffe_c4-1x_coco.py": ["roi_align_backward"],
    "cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py": ["nms", "roi_align_backward"],
    "mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py": ["nms", "roi_align_backward"],
    "atss/atss_r50_fpn_1x_coco.py": ["nms"],
    "gfl/gfl_r50_fpn_1x_coco.py": ["nms"],
    "gfl/gfl_r101-dconv-c3-c5_fpn_ms-2x_coco.py": ["deform_conv_backward_parameters"],
    "tood/tood_r50_fpn_1x_coco.py": ["nms", "deform_conv_backward_input"],
    "tood/tood_r101-dconv-c3-c5_fpn_ms-2x_coco.py": ["modulated_deform_conv_backward"],
    "reppoints/reppoints-moment_r50_fpn_1x_coco.py": ["deform_conv_backward_parameters"],
    "reppoints/reppoints-moment_r101-dconv-c3-c5_fpn-gn_head-gn_2x_coco.py": [
        "deform_conv_backward_parameters",
    ],
    "centernet/centernet_r18-dcnv2_8xb16-crop512-140e_coco.py": ["modulated_deform_conv_backward"],
    "centernet/centernet-update_r50-caffe_fpn_ms-1x_coco.py": ["nms"],
    "detectors/detectors_cascade-rcnn_r50_1x_coco.py": ["deform_conv_backward_input"],
    "dino/dino-4scale_r50_8xb2-12e_coco.py": [],
    "deformable_detr/deformable-detr-refine-twostage_r50_16xb2-50e_coco.py": [],
    "fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py": ["nms"],
    "fcos/fcos_r50-dcn-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_1x_coco.py": [
        "modulated_deform_conv_backward",
    ],
    "rtmdet/rtmdet_tiny_8xb32-300e_coco.py": ["nms"],
    "rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py": ["nms"],
    "carafe/faster-rcnn_r50_fpn-carafe_1x_coco.py": ["carafe_backward"],
    "dcn/faster-rcnn_r50_fpn_dpool_1x_coco.py": ["deform_roi_pool_backward"],
    "dcnv2/faster-rcnn_r50_fpn_mdpool_1x_coco.py": ["deform_roi_pool_backward"],
    "dcnv2/faster-rcnn_r50-mdconv-group4-c3-c5_fpn_1x_coco.py": ["modulated_deform_conv_backward"],
    "guided_anchoring/ga-retinanet_r50_fpn_1x_coco.py": ["masked_im2col_forward"],
    "pisa/faster-rcnn_r50_fpn_pisa_1x_coco.py": ["nms_match"],
}


def parts(cfg: Any) -> Iterator[dict]:
    """Yield every dict in a config, the outermost first."""
    if isinstance(cfg, dict):
        yield cfg
    for value in cfg.values() if isinstance(cfg, dict) else cfg:
        if isinstance(value, (dict, list, tuple)):
            yield from parts(value)


def from_scratch(model: dict) -> dict:
    """Change a detector to one that a CPU trains on 96 px without pretrained weights."""
    for part in parts(model):
        part.pop("pretrained", None)
        if (part.get("init_cfg") or {}).get("type") == "Pretrained":
            part["init_cfg"] = None
        if part.get("type") == "SyncBN":
            part["type"] = "BN"
        if part.get("depth") == 101:
            part["depth"] = 50
        if "pos_fraction" in part:
            part["num"] = 16
        # Without pretrained weights no score is high, and RTMDet's boxes are inverted.
        if "score_thr" in part or part.get("type") == "ScoreHLRSampler":
            part["score_thr"] = 0.0
        if "min_bbox_size" in part:
            part["min_bbox_size"] = -1000
        for key in ("num_queries", "nms_pre"):
            if key in part:
                part[key] = 30  # of some hundreds or thousands
    if "rpn_proposal" in (model.get("train_cfg") or {}):
        model["train_cfg"]["rpn_proposal"]["max_per_img"] = 30
        model["test_cfg"]["rpn"]["max_per_img"] = 30
    return model


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names of mmcv's functions that are called from now on."""
    ext, names = import_module("mmcv._ext"), set()

    def spy(name: str, function: Callable) -> Callable:
        def call(*args: Any, **kwargs: Any) -> Any:
            names.add(name)
            return function(*args, **kwargs)

        return call

    for name in {name for wanted in CONFIGS.values() for name in wanted}:
        monkeypatch.setattr(ext, name, spy(name, getattr(ext, name)))
    return names


def batch(images: int, with_mask: bool) -> dict:
    shape = (3, 96, 96)
    return demo_mm_inputs(
        images, shape, num_items=[3] * images, num_classes=80, with_mask=with_mask
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_trains_and_predicts(name, called):
    torch.manual_seed(0)
    init_default_scope("mmdet")
    model = MODELS.build(from_scratch(Config.fromfile(CONFIG_ROOT / name).model))
    model.init_weights()
    scale_standardized_weights(model)
    before = {key: value.clone() for key, value in model.named_parameters() if value.requires_grad}
    optimizer = OptimWrapper(
        torch.optim.SGD(model.parameters(), lr=1e-4), clip_grad={"max_norm": 1}
    )
    MessageHub.get_current_instance().update_info("epoch", 0)  # TOOD reads what the runner writes
    with_mask = model.with_mask or "rtmdet-ins" in name
    losses = model.train().train_step(batch(2, with_mask), optimizer)
    assert all(torch.isfinite(value).all() for value in losses.values())
    after = dict(model.named_parameters())
    assert any(not torch.equal(value, after[key]) for key, value in before.items())
    assert all(value.isfinite().all() for value in after.values())
    with torch.no_grad():
        (result,) = model.eval().test_step(batch(1, with_mask))
    instances = result.pred_instances
    assert len(instances) and instances.bboxes.shape == (len(instances), 4)
    assert instances.bboxes.isfinite().all() and instances.scores.isfinite().all()
    assert called >= set(CONFIGS[name])
