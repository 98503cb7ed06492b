"""The detectors against mmdet's own configs: what differs is said here, and nothing else does."""

import pytest
from mmengine.hub import get_config

from .config_utils import differences, load

# Classes, how many boxes are kept, and thresholds of the AI-TOD protocol.
PROTOCOL = ("num_classes", "nms_pre", "max_per_img")
DETECTORS = {
    "mask_rcnn/mask-rcnn_r50_fpn_1x": ("mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py", ()),
    "cascade_rcnn/cascade-rcnn_r50_fpn_1x": (
        "cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py",
        ("allowed_border",),
    ),
    "tridentnet/tridentnet_r50-caffe_1x": ("tridentnet/tridentnet_r50-caffe_1x_coco.py", ()),
    "detectors/detectors_cascade-rcnn_r50_1x": (
        "detectors/detectors_cascade-rcnn_r50_1x_coco.py",
        ("allowed_border", "init_cfg", "pretrained"),  # two ways to name the same weights
    ),
    "ssd/ssd512_1x": (
        "ssd/ssd512_coco.py",
        ("type", "score_thr", "iou_threshold", "pad_size_divisor"),
    ),
    "atss/atss_r50_fpn_1x": ("atss/atss_r50_fpn_1x_coco.py", ("sampler", "iou_threshold")),
}


@pytest.mark.parametrize("name", DETECTORS)
def test_differs_from_mmdets_own_where_it_says_so(name):
    theirs, allowed = DETECTORS[name]
    stock = get_config(f"mmdet::{theirs}").model.to_dict()
    for data in ("aitod", "levir-ship"):
        ours = load(f"{name}_{data}.py").model.to_dict()
        found = {path[-1] for path in differences(ours, stock)} - {"_scope_"}
        assert found - set(PROTOCOL) == set(allowed), f"{name}_{data}"
