"""Views that vote."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules
from mmengine.config import Config, ConfigDict
from mmengine.structures import InstanceData

from tests.config_utils import CONFIG_ROOT

TTA_CFG = dict(nms=dict(type="nms", iou_threshold=0.5), max_per_img=10, voting_iou=0.5)


@pytest.fixture(scope="module")
def module():
    register_all_modules()
    cfg = Config.fromfile(CONFIG_ROOT / "msla/yolov8-n_pafpn-p2_msla-light_sirst-v2.py")
    return MODELS.build(cfg.model).eval()


def build(module, **tta_cfg):
    return MODELS.build(dict(type="VotingTTAModel", module=module, tta_cfg={**TTA_CFG, **tta_cfg}))


def view(boxes, scores, labels=None, flip=None):
    """A view of an image of 100 x 50 px."""
    meta = dict(ori_shape=(50, 100), flip=flip is not None, flip_direction=flip)
    sample = DetDataSample(metainfo=meta)
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        scores=torch.tensor(scores, dtype=torch.float32),
        labels=torch.tensor(labels or [0] * len(scores)),
    )
    return sample


@pytest.mark.parametrize("block", [1, 512])
def test_boxes_and_scores_are_means_over_the_views(module, block, monkeypatch):
    monkeypatch.setattr("adla.models.dense_heads.box_voting._BLOCK", block)
    views = [
        view([[10, 10, 18, 18], [60, 20, 64, 24]], [0.9, 0.8]),
        view([[80, 10, 88, 18]], [0.3], flip="horizontal"),  # at [12, 10, 20, 18]
        view([], [], flip="vertical"),
    ]
    (found,) = build(module).merge_preds([views])
    boxes, scores = found.pred_instances.bboxes, found.pred_instances.scores
    torch.testing.assert_close(boxes, torch.tensor([[10.5, 10, 18.5, 18], [60, 20, 64, 24]]))
    torch.testing.assert_close(scores, torch.tensor([(0.9 + 0.3) / 3, 0.8 / 3]))


def test_what_all_views_find_comes_before_what_one_is_sure_of(module):
    sure = [[60, 20, 64, 24]]
    views = [
        view([*sure, [10, 10, 18, 18]], [0.9, 0.5]),
        view([[10, 32, 18, 40]], [0.5], flip="vertical"),
        view([[82, 32, 90, 40]], [0.5], flip="diagonal"),
    ]
    (found,) = build(module).merge_preds([views])
    assert found.pred_instances.scores.tolist() == pytest.approx([0.5, 0.3])
    wanted = torch.tensor([[10.0, 10, 18, 18], *sure])
    torch.testing.assert_close(found.pred_instances.bboxes, wanted)


def test_classes_do_not_vote_for_each_other(module):
    views = [view([[10, 10, 18, 18]], [0.9], [0]), view([[10, 10, 18, 18]], [0.6], [1])]
    (found,) = build(module).merge_preds([views])
    assert found.pred_instances.labels.tolist() == [0, 1]
    assert found.pred_instances.scores.tolist() == pytest.approx([0.45, 0.3])


def test_views_without_any_detection_and_more_than_may_stay(module):
    (found,) = build(module).merge_preds([[view([], []), view([], [], flip="horizontal")]])
    assert len(found.pred_instances) == 0
    boxes = [[10 * k, 0, 10 * k + 5, 5] for k in range(5)]
    (found,) = build(module, max_per_img=3).merge_preds([[view(boxes, [0.5] * 5)]])
    assert found.pred_instances.bboxes.tolist() == boxes[:3]


def test_the_grid_of_the_detector_holds_for_the_means_of_the_views(module):
    test_cfg = module.bbox_head.test_cfg
    given = module.bbox_head.test_cfg = ConfigDict(test_cfg, box_grid=1)
    views = [
        view([[10.4, 10, 18.4, 18]], [0.5]),
        view([[79, 10, 87, 18]], [0.5], flip="horizontal"),  # at [13, 10, 21, 18]
    ]
    tta = build(module)
    assert module.bbox_head.test_cfg == test_cfg and given["box_grid"] == 1
    (found,) = tta.merge_preds([views])
    assert found.pred_instances.bboxes.tolist() == [[12, 10, 20, 18]]  # of 11.7 and 19.7


@pytest.mark.parametrize("value", [None, 0, 1.01])
def test_a_voting_iou_that_cannot_be_is_refused(module, value):
    with pytest.raises(ValueError, match=r"tta_cfg.voting_iou must be a number in \(0, 1\]"):
        build(module, voting_iou=value)
