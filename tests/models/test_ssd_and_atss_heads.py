"""The heads of SSD and ATSS against mmdet's own, and their traps."""

import pytest
import torch
import torch.nn.functional as F
from mmdet.models.dense_heads import ATSSHead, SSDHead
from mmdet.models.task_modules.assigners import AssignResult, BaseAssigner
from mmengine.config import ConfigDict

from adla.models import AdlaATSSHead, AdlaSSDHead

from .test_heads import SHAPES, Recorder, batch, total

RATIO = 3
TEST_CFG = dict(
    nms_pre=100,
    min_bbox_size=0,
    score_thr=0.0,
    nms=dict(type="nms", iou_threshold=0.5),
    max_per_img=20,
)
ANCHORS = dict(type="AnchorGenerator", ratios=[1.0], octave_base_scale=2, scales_per_octave=1)
# As many anchors at a place as SSD has: four on the fine level, six on the coarse one.
SSD_ANCHORS = dict(
    type="SSDAnchorGenerator", scale_major=False, ratios=[[2], [2, 3]], min_sizes=[10, 20]
)
COMMON = dict(allowed_border=-1, pos_weight=-1, debug=False)
MAX_IOU = dict(type="MaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0)


def ssd(kind, assigner=MAX_IOU):
    cfg = dict(
        num_classes=3,
        in_channels=(4, 4),
        anchor_generator=dict(SSD_ANCHORS, max_sizes=[20, 40], strides=[8, 16]),
        train_cfg=dict(COMMON, assigner=assigner, smoothl1_beta=1.0, neg_pos_ratio=RATIO),
    )
    return filled(kind, cfg)


def atss(kind, assigner=None):
    cfg = dict(
        num_classes=3,
        in_channels=4,
        feat_channels=4,
        stacked_convs=1,
        norm_cfg=None,
        anchor_generator=dict(ANCHORS, strides=[8, 16]),
        loss_bbox=dict(type="GIoULoss"),
        train_cfg=dict(COMMON, assigner=assigner or dict(type="ATSSAssigner", topk=9)),
    )
    return filled(kind, cfg)


def filled(kind, cfg):
    head = kind(**ConfigDict(cfg, test_cfg=TEST_CFG))
    torch.manual_seed(0)
    for parameter in head.parameters():  # so that no two outputs are alike
        torch.nn.init.normal_(parameter, std=0.1)
    return head


PAIRS = [(ssd, AdlaSSDHead, SSDHead), (atss, AdlaATSSHead, ATSSHead)]


@pytest.mark.filterwarnings("ignore:Invalid alpha parameter")  # ATSS does not expect predictions
@pytest.mark.parametrize(("build", "kind", "stock"), PAIRS)
def test_with_a_stock_assigner_losses_and_gradients_equal_the_stock_heads(build, kind, stock):
    feats, gts, metas = batch()
    results = []
    for head in (build(kind), build(stock)):
        losses = head.loss_by_feat(*head(feats), gts, metas)
        total(losses).backward()
        results.append((losses, [p.grad for p in head.parameters()]))
    (ours, our_grads), (theirs, their_grads) = results
    assert ours.keys() == theirs.keys() and total(ours) > 0
    for key in ours:
        assert all(a.equal(b) for a, b in zip(ours[key], theirs[key], strict=True))
    assert all(a.equal(b) for a, b in zip(our_grads, their_grads, strict=True))


@pytest.mark.parametrize(("build", "kind", "stock"), PAIRS)
def test_same_parameters_and_same_inference_as_the_stock_head(build, kind, stock):
    head, reference = build(kind, dict(type="AdaptiveDynamicAssigner")), build(stock)
    if stock is SSDHead:
        reference.loss_cls = None  # see the next test
    assert list(head.state_dict()) == list(reference.state_dict())
    head.load_state_dict(reference.state_dict(), strict=True)
    feats, _, metas = batch()
    for ours, theirs in zip(
        head.predict_by_feat(*head(feats), batch_img_metas=metas),
        reference.predict_by_feat(*reference(feats), batch_img_metas=metas),
        strict=True,
    ):
        assert len(ours) > 0
        assert ours.bboxes.equal(theirs.bboxes) and ours.scores.equal(theirs.scores)


def test_mmdets_own_ssd_can_not_predict():
    feats, _, metas = batch()
    head = ssd(SSDHead)
    with pytest.raises(AttributeError, match="loss_cls"):  # once this fails, AdlaSSDHead.loss_cls
        head.predict_by_feat(*head(feats), batch_img_metas=metas)  # can go


@pytest.mark.parametrize(("build", "kind"), [pair[:2] for pair in PAIRS])
def test_each_prior_is_shown_its_own_prediction(build, kind):
    head = build(kind)
    head.assigner = Recorder()
    head.assigner.set_progress(1)
    feats, gts, metas = batch()
    outputs = head(feats)
    head.loss_by_feat(*outputs, gts, metas)
    anchors = torch.cat(head.prior_generator.grid_priors(SHAPES, device="cpu"))
    for image, seen in enumerate(head.assigner.seen):
        deltas, logits = [], []
        for logit, delta in zip(*outputs[:2], strict=True):
            for y in range(delta.shape[2]):
                for x in range(delta.shape[3]):
                    deltas += delta[image, :, y, x].split(4)
                    logits += logit[image, :, y, x].split(head.cls_out_channels)
        assert torch.equal(seen.priors, anchors)
        assert torch.equal(seen.bboxes, head.bbox_coder.decode(anchors, torch.stack(deltas)))
        logits = torch.stack(logits)
        # The background is the last class of a softmax, and no score.
        scores = logits.softmax(-1)[:, :3] if build is ssd else logits.sigmoid()
        assert torch.equal(seen.scores, scores)


class Fixed(BaseAssigner):
    """One positive, two ignored, the others negative."""

    def assign(self, pred_instances, gt_instances, *args):
        gt_inds = torch.zeros(len(pred_instances.priors), dtype=torch.long)
        gt_inds[5], gt_inds[6:8] = 1, -1
        labels = torch.where(gt_inds > 0, gt_instances.labels[0], -1)
        return AssignResult(len(gt_instances), gt_inds, gt_inds.float(), labels=labels)


def test_ssd_mines_negatives_for_its_positives_and_no_ignored_priors():
    head = ssd(AdlaSSDHead)
    head.assigner = Fixed()
    feats, gts, metas = batch()
    feats = [feat[:1] for feat in feats]
    scores, deltas = head(feats)
    with torch.no_grad():  # the anchors 4 to 7, all at one place, are surest of a wrong class
        scores[0][0, :, 0, 1] += torch.tensor([9.0, 0, 0, 0]).repeat(4)
    loss = head.loss_by_feat(scores, deltas, gts[:1], metas[:1])["loss_cls"][0]

    logits = torch.cat([s[0].permute(1, 2, 0).reshape(-1, 4) for s in scores])
    labels = torch.full((len(logits),), 3)
    labels[5] = gts[0].labels[0]
    each = F.cross_entropy(logits, labels, reduction="none")
    negative = torch.ones(len(logits), dtype=torch.bool)
    negative[5:8] = False
    assert each[6] > each[negative].topk(RATIO).values.min()  # it would be mined
    expected = each[5] + each[negative].topk(RATIO).values.sum()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


GT = torch.tensor([10.0, 10, 20, 20])
CENTERS = {(15, 15): 1.0, (12, 15): 0.5, (10, 15): 0.0, (8, 15): 0.0, (25, 25): 0.0, (5, 25): 0.0}


def test_atss_centerness_of_anchors_centered_outside_their_object():
    centers = torch.tensor(list(CENTERS), dtype=torch.float)
    anchors = torch.cat([centers - 8, centers + 8], dim=1)
    gts = GT.repeat(len(anchors), 1)
    got = atss(AdlaATSSHead).centerness_target(anchors, gts)
    assert got.tolist() == pytest.approx(list(CENTERS.values()))

    stock = atss(ATSSHead)
    inside = centers.clamp(10, 20).eq(centers).all(1)
    assert got[inside].equal(stock.centerness_target(anchors[inside], gts[inside]))
    with pytest.raises(AssertionError):
        stock.centerness_target(anchors[3:4], gts[3:4])  # outside along one axis
    assert stock.centerness_target(anchors[4:5], gts[4:5]) > 0.3  # along both: looks good


def test_atss_head_trains_on_positives_centered_outside_their_object():
    head = atss(AdlaATSSHead, dict(type="AdaptiveDynamicAssigner", p_tp=0.5, t_pos_min=0.05))
    head.assigner.set_progress(0)
    feats, gts, metas = batch()
    losses = head.loss_by_feat(*head(feats), gts, metas)
    anchors = torch.cat(head.prior_generator.grid_priors(SHAPES, device="cpu"))
    with pytest.raises(AssertionError):  # there are such positives
        result = head.assigner.assign(ConfigDict(priors=anchors), gts[0])
        positive = result.gt_inds > 0
        boxes = gts[0].bboxes[result.gt_inds[positive] - 1]
        atss(ATSSHead).centerness_target(anchors[positive], boxes)
    total(losses).backward()
    assert all(p.grad.isfinite().all() for p in head.parameters())
