"""The heads against mmdet's own, and what the assigner gets to see."""

import copy

import pytest
import torch
from mmdet.models.dense_heads import RetinaHead, RPNHead
from mmdet.models.task_modules.assigners import MaxIoUAssigner, TaskAlignedAssigner
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

import adla  # noqa: F401

from .recorder import Recorder

SHAPES = [(8, 8), (4, 4)]
MAX_IOU = dict(
    type="MaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1
)
ADLA = dict(type="AdaptiveDynamicAssigner")


def build(name, assigner, allowed_border=-1):
    cfg = dict(
        type=name,
        in_channels=4,
        feat_channels=4,
        anchor_generator=dict(
            type="AnchorGenerator", scales=[2], ratios=[0.5, 1.0, 2.0], strides=[8, 16]
        ),
        train_cfg=dict(
            assigner=assigner,
            sampler=dict(type="PseudoSampler"),
            allowed_border=allowed_border,
            pos_weight=-1,
            debug=False,
        ),
        test_cfg=dict(
            nms_pre=100,
            min_bbox_size=0,
            score_thr=0.0,
            nms=dict(type="nms", iou_threshold=0.5),
            max_per_img=20,
        ),
    )
    if "Retina" in name:
        cfg |= dict(num_classes=3, stacked_convs=1)
    torch.manual_seed(0)
    head = MODELS.build(ConfigDict(cfg))
    for parameter in head.parameters():  # so that no two outputs are alike
        torch.nn.init.normal_(parameter, std=0.1)
    return head


def batch():
    """Two images of 64 x 60 pixels, the second without objects."""
    generator = torch.Generator().manual_seed(1)
    feats = [torch.randn(2, 4, h, w, generator=generator) for h, w in SHAPES]
    boxes = torch.tensor([[5, 6, 19, 22], [30.5, 31, 37, 40], [0, 48, 16, 64.0]])
    gts = [
        InstanceData(bboxes=boxes, labels=torch.tensor([0, 2, 1])),
        InstanceData(bboxes=boxes[:0], labels=torch.zeros(0, dtype=torch.long)),
    ]
    metas = [dict(img_shape=(64, 60), pad_shape=(64, 64), scale_factor=1) for _ in range(2)]
    return feats, gts, metas


def total(losses):
    return sum(sum(v) if isinstance(v, list) else v for v in losses.values())


PAIRS = [("AdlaRetinaHead", RetinaHead), ("AdlaRPNHead", RPNHead)]


@pytest.mark.parametrize(("name", "stock"), PAIRS)
@pytest.mark.parametrize("allowed_border", [-1, 0])
def test_with_a_stock_assigner_losses_and_gradients_equal_the_stock_heads(
    name, stock, allowed_border
):
    feats, gts, metas = batch()
    head, reference = (build(n, MAX_IOU, allowed_border) for n in (name, stock.__name__))
    gradients = []
    for model in (head, reference):
        losses = model.loss_by_feat(*model(feats), gts, metas)
        total(losses).backward()
        gradients.append((losses, [p.grad for p in model.parameters()]))
    (ours, our_grads), (theirs, their_grads) = gradients
    assert ours.keys() == theirs.keys() and total(ours) > 0
    for key in ours:
        assert all(a.equal(b) for a, b in zip(ours[key], theirs[key], strict=True))
    assert all(a.equal(b) for a, b in zip(our_grads, their_grads, strict=True))


@pytest.mark.parametrize(("name", "stock"), PAIRS)
def test_same_parameters_and_same_inference_as_the_stock_head(name, stock):
    head, reference = build(name, ADLA), build(stock.__name__, MAX_IOU)
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


def recording_head(name="AdlaRetinaHead", allowed_border=-1, progress=1.0):
    head = build(name, ADLA, allowed_border)
    head.assigner = Recorder()
    head.assigner.set_progress(progress)
    return head


@pytest.mark.parametrize("allowed_border", [-1, 0])
def test_each_prior_is_shown_its_own_prediction(allowed_border):
    head = recording_head(allowed_border=allowed_border)
    feats, gts, metas = batch()
    cls_scores, bbox_preds = head(feats)
    head.loss_by_feat(cls_scores, bbox_preds, gts, metas)
    anchors = torch.cat(head.prior_generator.grid_priors(SHAPES, device="cpu"))
    for image, seen in enumerate(head.assigner.seen):
        deltas, logits = [], []
        for delta, logit in zip(bbox_preds, cls_scores, strict=True):
            for y in range(delta.shape[2]):
                for x in range(delta.shape[3]):
                    deltas += delta[image, :, y, x].split(4)
                    logits += logit[image, :, y, x].split(3)
        boxes = head.bbox_coder.decode(anchors, torch.stack(deltas))
        rows = [(anchors == prior).all(1).nonzero().item() for prior in seen.priors]
        if allowed_border == 0:
            assert 0 < len(rows) < len(anchors)
        assert torch.equal(seen.bboxes, boxes[rows])
        assert torch.equal(seen.scores, torch.stack(logits)[rows].sigmoid())
        assert not seen.bboxes.requires_grad and not seen.scores.requires_grad


def test_a_softmax_head_is_shown_scores_without_the_background():
    head = build("AdlaRetinaHead", ADLA)
    head.use_sigmoid_cls, head.cls_out_channels = False, 3
    head.assigner = Recorder()
    head.assigner.set_progress(1)
    flat = torch.cat(head.prior_generator.grid_priors(SHAPES, device="cpu"))
    logits, deltas, firsts = torch.randn(len(flat), 3), torch.zeros(len(flat), 4), 0
    maps = [], []
    for height, width in SHAPES:
        last = firsts + height * width * head.num_base_priors
        for rows, levels in zip((logits, deltas), maps, strict=True):
            levels.append(rows[firsts:last].reshape(height, width, -1).permute(2, 0, 1))
        firsts = last
    meta = dict(img_shape=(64, 64), adla_predictions=maps)
    valid = torch.ones(len(flat), dtype=torch.bool)
    head._get_targets_single(flat, valid, batch()[1][0], meta)
    assert torch.allclose(head.assigner.seen[0].scores, logits.softmax(1)[:, :2])
    assert torch.allclose(head.assigner.seen[0].bboxes, flat, atol=1e-4)  # no deltas, no change


def test_half_precision_maps_are_shown_in_float32():
    head = recording_head()
    feats, gts, metas = batch()
    scores, deltas = ([m.bfloat16() for m in maps] for maps in head(feats))
    head.loss_by_feat(scores, deltas, gts, metas)
    assert head.assigner.seen[0].bboxes.dtype == torch.float32


def test_the_callers_metas_and_the_heads_assigner_stay():
    head = recording_head()
    feats, gts, metas = batch()
    before, assigner = copy.deepcopy(metas), head.assigner
    head.loss_by_feat(*head(feats), gts, metas)
    assert metas == before and head.assigner is assigner
    head.assigner.assign = lambda *args: 1 / 0
    with pytest.raises(ZeroDivisionError):
        head.loss_by_feat(*head(feats), gts, metas)
    assert head.assigner is assigner


def test_nothing_is_decoded_while_alpha_is_one(monkeypatch):
    head = recording_head(progress=0.05)
    feats, gts, metas = batch()
    monkeypatch.setattr(head.bbox_coder, "decode", lambda *args: pytest.fail("decoded"))
    head.loss_by_feat(*head(feats), gts, metas)
    assert all("bboxes" not in seen for seen in head.assigner.seen)


def test_a_forgotten_progress_is_refused():
    head = build("AdlaRetinaHead", ADLA)
    feats, gts, metas = batch()
    with pytest.raises(ValueError, match=r"AssignProgressHook.*custom_hooks"):
        head.loss_by_feat(*head(feats), gts, metas)


@pytest.mark.parametrize("name", ["AdlaRetinaHead", "AdlaRPNHead"])
def test_losses_with_and_without_objects(name):
    head = recording_head(name)
    feats, gts, metas = batch()
    cls, box = (k for k in head.loss_by_feat(*head(feats), gts, metas))
    empty = head.loss_by_feat(*head(feats), [gts[1], gts[1]], metas)
    assert sum(empty[cls]) > 0 and sum(empty[box]) == 0
    full = head.loss_by_feat(*head(feats), [gts[0], gts[0]], metas)
    assert sum(full[cls]) > 0 and sum(full[box]) > 0


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["AdlaRetinaHead", "AdlaRPNHead"])
def test_a_training_step_on_cuda(name):
    feats, gts, metas = batch()
    losses = []
    for device in ("cpu", "cuda"):
        head = recording_head(name).to(device)
        on = head.loss_by_feat(
            *head([f.to(device) for f in feats]), [g.to(device) for g in gts], metas
        )
        total(on).backward()
        assert all(p.grad.isfinite().all() for p in head.parameters())
        losses.append(total(on).item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


class Asking(MaxIoUAssigner):
    """A stock assigner that keeps what it was shown, and asks for what the test says."""

    def assign(self, pred_instances, *args, **kwargs):
        self.seen = set(pred_instances.keys())
        return super().assign(pred_instances, *args, **kwargs)


@pytest.mark.parametrize(
    ("asks", "shown"),
    [
        ((), set()),
        (("needs_scores",), set()),
        (("needs_predictions",), {"bboxes"}),
        (("needs_predictions", "needs_scores"), {"bboxes", "scores"}),
    ],
)
def test_predictions_are_shown_to_who_asks(asks, shown):
    head, (feats, gts, metas) = build("AdlaRetinaHead", MAX_IOU), batch()
    head.assigner = Asking(0.5, 0.4)
    for name in (*asks, "needs_empty_images"):
        setattr(head.assigner, name, True)
    head.loss_by_feat(*head(feats), gts, metas)
    assert head.assigner.seen == {"priors"} | shown


def test_an_assigner_of_mmdet_that_reads_predictions_gets_them():
    head, (feats, gts, metas) = build("AdlaRetinaHead", MAX_IOU), batch()
    head.assigner = TaskAlignedAssigner(topk=3)
    assert total(head.loss_by_feat(*head(feats), gts, metas)).isfinite()
