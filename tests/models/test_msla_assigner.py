"""The MSLA assigner as heads call it."""

import pytest
import torch
from mmdet.models.task_modules.assigners import AssignResult
from mmdet.models.task_modules.prior_generators import MlvlPointGenerator
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.utils import register_all_modules
from mmengine.structures import InstanceData

from adla.core import TaskAlignmentRule
from adla.models import MSLAAssigner

STRIDES = (4, 8, 16, 32)


@pytest.fixture(scope="module")
def levels():
    generator = MlvlPointGenerator(STRIDES)
    sizes = [(64 // stride, 64 // stride) for stride in STRIDES]
    return generator.grid_priors(sizes, device="cpu", with_stride=True)


def predictions(levels, seed=0, classes=3):
    torch.manual_seed(seed)
    priors = torch.cat(levels)
    half = priors[:, 2:] * (0.5 + torch.rand(len(priors), 2))
    boxes = torch.cat([priors[:, :2] - half, priors[:, :2] + half], 1)
    return InstanceData(priors=priors, bboxes=boxes, scores=torch.rand(len(priors), classes))


def ground_truths():
    return InstanceData(
        bboxes=torch.tensor([[30.0, 30, 34, 34], [7, 7, 9, 9], [3, 20, 40, 60]]),
        labels=torch.tensor([0, 2, 1]),
    )


def batch(levels):
    pred, gts = predictions(levels), ground_truths()
    return dict(
        scores=pred.scores[None],
        boxes=pred.bboxes[None],
        priors=pred.priors,
        gt_labels=gts.labels[None],
        gt_boxes=gts.bboxes[None],
        gt_mask=torch.ones(1, 3, dtype=torch.bool),
        num_level_priors=[len(level) for level in levels],
    )


def test_built_from_a_config():
    assigner = TASK_UTILS.build(
        dict(type="MSLAAssigner", metrics=["dotd", "ciou"], scale=7.0, topk=5, strides=[4, 8])
    )
    assert isinstance(assigner, MSLAAssigner)
    assert assigner.rule == TaskAlignmentRule(["dotd", "ciou"], scale=7.0, topk=5)


def test_one_image_as_in_a_batch(levels):
    assigner = MSLAAssigner(scale=7.0)
    expected = assigner.assign_batch(**batch(levels))
    result = assigner.assign(predictions(levels), ground_truths())
    assert isinstance(result, AssignResult) and result.num_gts == 3
    assert torch.equal(result.gt_inds, expected.gt_inds[0])
    assert torch.equal(result.labels, expected.labels[0])
    assert torch.equal(result.max_overlaps, expected.scores[0])
    assert torch.equal(result.assign_metrics, expected.scores[0])
    assert result.gt_inds.unique().tolist() == [0, 1, 2, 3]


def test_box_type_logits_and_half_precision(levels):
    pred, gts = predictions(levels), ground_truths()
    expected = MSLAAssigner(scale=7.0).assign(pred, gts)
    pred.bboxes, gts.bboxes = HorizontalBoxes(pred.bboxes), HorizontalBoxes(gts.bboxes)
    pred.scores = pred.scores.logit()
    got = MSLAAssigner(scale=7.0, scores_are_logits=True).assign(pred, gts)
    assert torch.equal(got.gt_inds, expected.gt_inds)
    assert torch.allclose(got.max_overlaps, expected.max_overlaps, atol=1e-5)
    with pytest.raises(ValueError, match="scores_are_logits=True"):
        MSLAAssigner(scale=7.0).assign(pred, gts)


@pytest.mark.parametrize(("num_priors", "num_gts"), [(None, 0), (0, 3), (0, 0)])
def test_nothing_to_assign(levels, num_priors, num_gts):
    pred, gts = predictions(levels)[:num_priors], ground_truths()[:num_gts]
    for assigner in (MSLAAssigner(scale=7.0, strides=STRIDES), MSLAAssigner("ciou")):
        result = assigner.assign(pred, gts)
        assert not result.gt_inds.any() and len(result.gt_inds) == len(pred)
        assert (result.labels == -1).all()


def test_priors_of_some_levels_only(levels):
    # Heads drop the priors outside of the image; a coarse level can be gone altogether.
    pred = predictions(levels)[: sum(len(level) for level in levels[:2])]
    result = MSLAAssigner(scale=7.0, strides=STRIDES).assign(pred, ground_truths())
    assert result.gt_inds.unique().tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match=r"metrics names 4 levels .* predictions have 2"):
        MSLAAssigner(scale=7.0).assign(pred, ground_truths())


def test_strides_that_do_not_match(levels):
    with pytest.raises(ValueError, match=r"metrics names 4 levels .* have 3"):
        MSLAAssigner(scale=7.0, strides=(8, 16, 32))
    assigner = MSLAAssigner(("dotd", "ciou", "ciou"), scale=7.0, strides=(8, 16, 32))
    with pytest.raises(ValueError, match=r"strides \(8, 16, 32\).* runs \[4.0, 8.0, 16.0, 32.0\]"):
        assigner.assign_batch(**batch(levels))
    with pytest.raises(ValueError, match=r"strides \(8, 16, 32\).* runs \[4.0, 8.0, 16.0, 32.0\]"):
        assigner.assign(predictions(levels), ground_truths())
    with pytest.raises(ValueError, match=r"metrics names 3 levels .* predictions have 4"):
        MSLAAssigner(("dotd", "ciou", "ciou"), scale=7.0).assign_batch(**batch(levels))
    swapped = batch(levels) | dict(num_level_priors=[64, 256, 16, 4])
    with pytest.raises(ValueError, match=r"\[256, 64, 16, 4\].*\[64, 256, 16, 4\]"):
        MSLAAssigner(scale=7.0, strides=STRIDES).assign_batch(**swapped)


def test_anchors_are_no_points(levels):
    pred = predictions(levels)
    pred.priors = pred.bboxes
    for assigner in (MSLAAssigner("ciou"), MSLAAssigner("ciou", strides=STRIDES)):
        with pytest.raises(ValueError, match=r"priors must be \(x, y, stride_w, stride_h\)"):
            assigner.assign(pred, ground_truths())


@pytest.mark.parametrize("scale", [None, 0, -7])
def test_a_scale_that_is_none(scale):
    with pytest.raises(ValueError, match="scale"):
        TASK_UTILS.build(dict(type="MSLAAssigner", scale=scale))


@pytest.mark.parametrize("targets", [(2, 0), (0, 0)])
def test_in_mmdets_rtmdet_head(targets):
    register_all_modules()
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type="RTMDetHead",
            num_classes=2,
            in_channels=8,
            feat_channels=8,
            stacked_convs=1,
            with_objectness=False,
            norm_cfg=dict(type="BN"),
            anchor_generator=dict(type="MlvlPointGenerator", offset=0, strides=STRIDES),
            bbox_coder=dict(type="DistancePointBBoxCoder"),
            loss_cls=dict(type="QualityFocalLoss", use_sigmoid=True, beta=2.0, loss_weight=1.0),
            loss_bbox=dict(type="GIoULoss", loss_weight=2.0),
            train_cfg=dict(
                assigner=dict(
                    type="MSLAAssigner", scale=7.0, strides=STRIDES, scores_are_logits=True
                ),
                allowed_border=-1,
                pos_weight=-1,
            ),
        )
    )
    features = [torch.randn(2, 8, 64 // stride, 64 // stride) for stride in STRIDES]
    metas = [dict(img_shape=(64, 64), pad_shape=(64, 64))] * 2
    gts = [ground_truths()[:count] for count in targets]
    for gt in gts:
        gt.labels = gt.labels.clamp(max=1)
    losses = head.loss_by_feat(*head(features), gts, metas)
    total = sum(sum(values) for values in losses.values())
    total.backward()
    assert total.isfinite()
    assert (sum(losses["loss_bbox"]) > 0) == (sum(targets) > 0)
