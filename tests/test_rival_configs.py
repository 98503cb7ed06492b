"""The rivals' light configs: a diff of the method alone, with constants of their own data."""

import copy

import pytest
from mmdet.registry import TASK_UTILS

from .test_configs import cached_model_cards, load  # noqa: F401

ASSIGNERS = {
    "dotd": "SparseMaxIoUAssigner",
    "nwd-rka": "RankingAssigner",
    "rfla": "HierarchicalAssigner",
    "simd": "SparseMaxIoUAssigner",
    "md": "AdaptiveDynamicAssigner",
}
BASES = {
    "scenes": "demo/retinanet_csp-nano_fpn-p2_light_scenes.py",
    "sirst-v2": "retinanet/retinanet_csp-nano_fpn-p2_light_sirst-v2.py",
    "hit-uav": "retinanet/retinanet_csp-nano_fpn-p2_light_hit-uav.py",
    "sen2ships": "retinanet/retinanet_csp-nano_fpn-p2_light_sen2ships.py",
}


def without(cfg, *paths):
    cfg = copy.deepcopy(cfg)
    for path in paths:
        *parents, last = path.split(".")
        inner = cfg
        for name in parents:
            inner = inner[name]
        inner.pop(last)
    return cfg


@pytest.mark.parametrize("data", BASES)
@pytest.mark.parametrize("rival", ASSIGNERS)
def test_differs_from_its_baseline_by_the_method(rival, data):
    base = load(BASES[data]).to_dict()
    config = load(BASES[data].replace("p2_light", f"p2_{rival}-light")).to_dict()
    assigner = config["model"]["train_cfg"]["assigner"]
    assert assigner["type"] == ASSIGNERS[rival]
    assert TASK_UTILS.build(copy.deepcopy(assigner))
    method = ["model.train_cfg.assigner"]
    if rival == "rfla":
        method.append("model.bbox_head.anchor_generator")
        generator = config["model"]["bbox_head"]["anchor_generator"]
        assert generator["backbone"] == base["model"]["backbone"]
    if rival == "md":
        method.append("model.bbox_head.type")
    assert without(config, *method) == without(base, *method)


@pytest.mark.parametrize("data", BASES)
def test_atss_keeps_backbone_neck_data_and_schedule(data):
    base = load(BASES[data]).to_dict()
    name = BASES[data].replace("retinanet_", "atss_").replace("retinanet/", "atss/")
    config = load(name).to_dict()
    assert config["model"]["train_cfg"]["assigner"] == dict(type="ATSSAssigner", topk=9)
    method = ("model.type", "model.bbox_head", "model.train_cfg.assigner")
    assert without(config, *method) == without(base, *method)
    for key in ("num_classes", "in_channels", "feat_channels", "stacked_convs", "norm_cfg"):
        assert config["model"]["bbox_head"][key] == base["model"]["bbox_head"][key]


@pytest.mark.parametrize("data", BASES)
def test_the_whole_dal_differs_from_its_assignment_by_the_head(data):
    md, whole = (
        load(BASES[data].replace("p2_light", f"p2_{name}-light")).to_dict()
        for name in ("md", "md-weighted")
    )
    assert whole["model"]["bbox_head"]["type"] == "DALRetinaHead"
    assert without(whole, "model.bbox_head.type") == without(md, "model.bbox_head.type")


def test_the_matching_degree_is_ramped_as_dal_has_it():
    """Alpha is 1 until a tenth of the training and 0.3 from three tenths on."""
    config = load(BASES["sirst-v2"].replace("p2_light", "p2_md-light"))
    assigner = TASK_UTILS.build(config.model.train_cfg.assigner)
    alphas = []
    for progress in (0.0, 0.1, 0.2, 0.3, 1.0):
        assigner.set_progress(progress)
        alphas.append(assigner.rule.alpha)
    assert alphas == pytest.approx([1, 1, 0.65, 0.3, 0.3])


def fields_of(measure):
    return measure in ("rfd-fields", "dotd")


@pytest.mark.parametrize("data", ["sirst-v2", "hit-uav", "sen2ships"])
@pytest.mark.parametrize("measure", ["nwd", "rfd", "rfd-fields", "dotd", "simd"])
def test_thresholds_on_a_measure_are_a_diff_of_the_method(measure, data):
    base = load(BASES[data]).to_dict()
    at, adla = (
        load(BASES[data].replace("p2_light", f"p2_{kind}-{measure}-light")).to_dict()
        for kind in ("at", "adla")
    )
    assigner = at["model"]["train_cfg"]["assigner"]
    assert assigner["calibration"] == "iou_shift" and assigner["metric"] == "anchor_iou"
    assert not TASK_UTILS.build(copy.deepcopy(assigner)).needs_predictions
    method = ["model.train_cfg.assigner"]
    if fields_of(measure):
        method.append("model.bbox_head.anchor_generator")
        rfla = load(BASES[data].replace("p2_light", "p2_rfla-light")).to_dict()
        head = at["model"]["bbox_head"]
        assert head["anchor_generator"] == rfla["model"]["bbox_head"]["anchor_generator"]
    assert without(at, *method) == without(base, *method)

    dynamic = adla["model"]["train_cfg"]["assigner"]
    assert dynamic == assigner | dict(metric="dynamic_iou")
    assert adla["model"]["bbox_head"]["type"] == "AdlaRetinaHead"
    same = ("model.train_cfg.assigner.metric", "model.bbox_head.type")
    assert without(adla, *same) == without(at, *same)
