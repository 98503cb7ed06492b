"""Adaptive assignment in the second stage."""

import copy

import pytest
import torch

from tests.config_utils import build, demo_batch, load

from .test_heads import Recorder

DYNAMIC = "faster_rcnn/faster-rcnn_r50_fpn_rcnn-adla-1x_aitod.py"
ADAPTIVE = dict(type="AdaptiveDynamicAssigner", metric="anchor_iou")


def loss(model, batch):
    torch.manual_seed(0)  # of the sampler
    data = model.data_preprocessor(copy.deepcopy(batch), training=True)
    return model(**data, mode="loss")


@pytest.fixture(scope="module")
def detector():
    torch.manual_seed(0)
    model = build(load(DYNAMIC))
    torch.nn.init.normal_(model.roi_head.bbox_head.fc_reg.weight, std=0.5)
    return model


def test_each_proposal_is_shown_what_the_box_head_makes_of_it(detector):
    roi_head, recorder = detector.roi_head, Recorder()
    recorder.set_progress(1)
    roi_head.bbox_assigner, real = recorder, roi_head.bbox_assigner
    proposals = []
    hook = roi_head.bbox_roi_extractor.register_forward_hook(
        lambda module, args, output: proposals.append((args[1], output))
    )
    try:
        losses = loss(detector, demo_batch(8))
    finally:
        hook.remove()
        roi_head.bbox_assigner = real
    rois, feats = proposals[0]  # the first pass, over all of them
    scores, deltas = roi_head.bbox_head(feats)
    scores = scores.softmax(-1)[:, :-1]
    for image, seen in enumerate(recorder.seen):
        rows = (rois[:, 0] == image).nonzero().squeeze(1)
        assert len(rows) == len(seen) > 0 and seen.priors.equal(rois[rows, 1:])
        assert seen.scores.equal(scores[rows])
        for row, box in zip(rows, seen.bboxes, strict=True):
            best = int(scores[row].argmax())
            delta = deltas[row, 4 * best : 4 * best + 4]
            prior = rois[row : row + 1, 1:]
            expected = roi_head.bbox_head.bbox_coder.decode(prior, delta[None], (32, 32))
            assert box.equal(expected[0])
        assert not seen.bboxes.requires_grad
        assert not seen.bboxes.allclose(seen.priors, atol=1)
    assert losses["loss_bbox"].requires_grad and roi_head.bbox_assigner is real


def test_with_a_stock_assigner_losses_equal_the_stock_heads(detector):
    stock_cfg = load("faster_rcnn/faster-rcnn_r50_fpn_1x_aitod.py")
    stock = build(stock_cfg)
    assert list(stock.state_dict()) == list(detector.state_dict())
    stock.load_state_dict(detector.state_dict())
    stock.roi_head.bbox_sampler.num = 20
    roi_head, batch = detector.roi_head, demo_batch(8)
    roi_head.bbox_assigner, real = stock.roi_head.bbox_assigner, roi_head.bbox_assigner
    roi_head.bbox_sampler.num = 20
    try:
        ours = loss(detector, batch)
    finally:
        roi_head.bbox_assigner = real
    theirs = loss(stock, batch)
    assert all(ours[key].equal(theirs[key]) for key in ("loss_cls", "loss_bbox"))


def test_the_box_head_runs_once_while_alpha_is_one(detector, monkeypatch):
    assigner = detector.roi_head.bbox_assigner
    monkeypatch.setattr(detector.roi_head, "_predict_proposals", lambda *args: 1 / 0)
    try:
        assigner.set_progress(0)
        assert torch.isfinite(loss(detector, demo_batch(8))["loss_cls"])
        assigner.set_progress(1)
        with pytest.raises(ZeroDivisionError):
            loss(detector, demo_batch(8))
    finally:
        assigner.set_progress(1)


def test_a_forgotten_progress_is_refused(detector, monkeypatch):
    monkeypatch.setattr(detector.roi_head.bbox_assigner, "progress", None)
    with pytest.raises(ValueError, match=r"AssignProgressHook.*custom_hooks"):
        loss(detector, demo_batch(8))


def test_a_loss_with_channels_of_its_own_is_refused(detector, monkeypatch):
    loss_cls = detector.roi_head.bbox_head.loss_cls
    monkeypatch.setattr(loss_cls, "custom_cls_channels", True, raising=False)
    detector.roi_head.bbox_assigner.set_progress(1)
    with pytest.raises(ValueError, match="CrossEntropyLoss as loss_cls does not give"):
        loss(detector, demo_batch(8))


def test_adaptive_thresholds_in_the_stages_of_a_cascade():
    cfg = load("cascade_rcnn/cascade-rcnn_r50_fpn_1x_aitod.py")
    for stage in cfg.model.train_cfg.rcnn:
        stage.assigner = ADAPTIVE
    cascade = build(cfg)
    recorders = [Recorder(metric="anchor_iou") for _ in range(3)]
    cascade.roi_head.bbox_assigner = recorders
    losses = loss(cascade, demo_batch(8))
    assert all(torch.isfinite(losses[f"s{stage}.loss_cls"]) for stage in range(3))
    # The scores of a proposal are its objectness, not those of classes: nothing may index them.
    assert recorders[0].seen[0].scores.ndim == 1
    assert all(len(recorder.seen) == 2 for recorder in recorders)
