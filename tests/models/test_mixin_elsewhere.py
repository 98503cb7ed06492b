"""The mixin put in front of a head by hand: what the README says of it."""

import pytest
import torch
from mmdet.models.dense_heads import GFLHead, SSDHead
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from adla.models import PredictionAwareMixin

from .recorder import Recorder


class ShownSSDHead(PredictionAwareMixin, SSDHead):
    """mmdet's softmax head, whose assigner sees the predictions."""


def test_ssd_shows_boxes_and_scores_without_the_background():
    max_iou = dict(type="MaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.5)
    anchors = dict(type="AnchorGenerator", scales=[2], ratios=[1.0], strides=[8])
    train_cfg = dict(
        assigner=max_iou,
        sampler=dict(type="PseudoSampler"),
        smoothl1_beta=1.0,
        allowed_border=-1,
        pos_weight=-1,
        neg_pos_ratio=3,
        debug=False,
    )
    cfg = dict(num_classes=3, in_channels=(4,), anchor_generator=anchors, train_cfg=train_cfg)
    losses = []
    feats = [torch.randn(1, 4, 8, 8)]
    gts = [InstanceData(bboxes=torch.tensor([[5, 6, 19, 22.0]]), labels=torch.tensor([2]))]
    metas = [dict(img_shape=(64, 64), pad_shape=(64, 64))]
    for kind in (SSDHead, ShownSSDHead):
        torch.manual_seed(0)
        head = kind(**ConfigDict(cfg))
        losses.append(head.loss_by_feat(*head(feats), gts, metas))
    for name in losses[0]:
        assert all(a.equal(b) for a, b in zip(losses[0][name], losses[1][name], strict=True))

    head.assigner = Recorder()
    head.assigner.set_progress(1)
    head.loss_by_feat(*head(feats), gts, metas)
    assert head.assigner.seen[0].bboxes.shape == (64, 4)
    assert head.assigner.seen[0].scores.shape == (64, 3)


class ShownGFLHead(PredictionAwareMixin, GFLHead):
    """A head that predicts distributions of distances, which the mixin cannot read."""


def test_a_head_that_predicts_no_boxes_is_refused_from_the_first_step():
    anchors = dict(type="AnchorGenerator", scales=[2], ratios=[1.0], strides=[8])
    train_cfg = dict(assigner=dict(type="AdaptiveDynamicAssigner"), allowed_border=-1)
    head = ShownGFLHead(3, 4, stacked_convs=1, feat_channels=4, anchor_generator=anchors,
                        norm_cfg=None, train_cfg=ConfigDict(train_cfg))  # fmt: skip
    head.assigner.set_progress(0)
    with pytest.raises(ValueError, match="predicts 68 numbers for the 1 anchors of a place"):
        head.loss_by_feat(*head([torch.randn(1, 4, 8, 8)]), [], [])
