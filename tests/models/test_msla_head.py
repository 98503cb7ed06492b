"""The MSLA head: its losses against slow ones, its boxes, its branches, and bad input."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from adla.models import DFLPointCoder, MSLAHead
from adla.models.dense_heads.box_grid import snap_boxes
from tests.core import overlap_reference

STRIDES = [4, 8]
ASSIGNER = dict(type="MSLAAssigner", metrics=["dotd", "ciou"], scale=6.0, topk=5)
TEST_CFG = dict(
    nms_pre=100,
    min_bbox_size=0,
    score_thr=0.0,
    nms=dict(type="nms", iou_threshold=0.5),
    max_per_img=20,
)
META = dict(
    batch_input_shape=(64, 32), img_shape=(60, 30), ori_shape=(30, 15), scale_factor=(2.0, 2.0)
)


def build(seed=0, **kwargs) -> MSLAHead:
    cfg = dict(
        type="MSLAHead",
        num_classes=3,
        in_channels=8,
        strides=STRIDES,
        branches=["tiny", "normal"],
        train_cfg=dict(assigner=ASSIGNER),
        test_cfg=TEST_CFG,
    )
    torch.manual_seed(seed)
    head = MODELS.build(ConfigDict({**cfg, **kwargs}))
    head.init_weights()
    return head


def features(strides=STRIDES, channels=8):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(2, channels, 64 // s, 32 // s, generator=generator) for s in strides]


def instances(boxes, labels) -> InstanceData:
    return InstanceData(
        bboxes=torch.tensor(boxes).reshape(-1, 4), labels=torch.tensor(labels, dtype=torch.long)
    )


def ground_truths():
    return [instances([[5.0, 6, 10, 12], [14, 30, 30, 50]], [0, 2]), instances([], [])]


def scattered(head) -> MSLAHead:
    """Move the weights away from where training starts, so that every prior has a say."""
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return head


def losses(head, gts, feats=None, ignore=None):
    outs = head(features() if feats is None else feats)
    return head.loss_by_feat(*outs, gts, [META] * len(gts), ignore)


def test_branches_start_with_few_objects_and_the_tiny_one_with_small_boxes():
    head = build()
    boxes, scores = head.decode(*head([torch.zeros(1, 8, 16, 8), torch.zeros(1, 8, 8, 4)]))
    assert ((scores > 0) & (scores < 1e-3)).all()
    sides = boxes[0, :, 2] - boxes[0, :, 0]
    torch.testing.assert_close(sides[: 16 * 8], torch.full((128,), 8.0), atol=0.2, rtol=0)
    torch.testing.assert_close(sides[16 * 8 :], torch.full((32,), 15.0 * 8))


def test_a_tiny_branch_is_slimmer_than_a_normal_one():
    tiny, normal = build(branches=["tiny", "normal"]).branches
    assert sum(p.numel() for p in tiny.parameters()) < sum(p.numel() for p in normal.parameters())


def test_coder_decodes_what_it_encodes():
    coder = DFLPointCoder(16)
    generator = torch.Generator().manual_seed(0)
    strides = torch.tensor([4.0, 8.0]).repeat_interleave(50)[:, None].expand(-1, 2)
    points = torch.rand(100, 2, generator=generator) * 50
    priors = torch.cat([points, strides], dim=1)
    reach = torch.rand(100, 4, generator=generator) * 14.9 * strides.repeat(1, 2)
    boxes = torch.cat([points - reach[:, :2], points + reach[:, 2:]], dim=1)
    bins = coder.encode(priors, boxes)
    # A distribution of two neighboring bins, whose expectation is the target.
    left = bins.floor().long()
    probs = F.one_hot(left, 16) * (1 - bins + left)[..., None]
    probs = probs + F.one_hot(left + 1, 16) * (bins - left)[..., None]
    logits = probs.clamp(min=1e-12).log().flatten(1)
    torch.testing.assert_close(coder.decode(priors, logits), boxes, atol=1e-3, rtol=1e-4)
    clipped = coder.decode(priors, logits, max_shape=(20, 10))
    assert clipped[:, 0::2].max() <= 10 and clipped[:, 1::2].max() <= 20 and clipped.min() >= 0


def test_a_side_out_of_reach_is_encoded_as_the_last_bin():
    bins = DFLPointCoder(16).encode(
        torch.tensor([[50.0, 50, 4, 4]]), torch.tensor([[-50.0, 49, 50, 1e4]])
    )
    torch.testing.assert_close(bins, torch.tensor([[14.99, 0.25, 0, 14.99]]))


def test_losses_are_those_of_yolov8():
    """Against loops over images and positives, from the definition."""
    head = scattered(build(train_cfg=dict(assigner={**ASSIGNER, "soft_target": "dotd"})))
    gts = ground_truths()
    found = losses(head, gts)
    outs = head(features())
    priors = torch.cat(head.grid_points(outs[0]))
    boxes, probs = head.decode(*outs)
    bins = head.flatten(outs[1]).unflatten(-1, (4, 16))
    cls = box = dfl = total = 0
    for image, gt in enumerate(gts):
        result = head.assigner.assign_batch(
            probs[image : image + 1].detach(),
            boxes[image : image + 1].detach(),
            priors,
            gt.labels[None],
            gt.bboxes[None],
            torch.ones(1, len(gt), dtype=torch.bool),
            [128, 32],
        )
        target = torch.zeros_like(probs[image])
        for point in range(len(priors)):
            k, score = int(result.gt_inds[0, point]) - 1, result.scores[0, point]
            total += score
            if k < 0:
                continue
            target[point, gt.labels[k]] = score
            box += score * (
                1 - overlap_reference.ciou(boxes[image, point].tolist(), gt.bboxes[k].tolist())
            )
            x, y, stride, _ = priors[point]
            x1, y1, x2, y2 = gt.bboxes[k]
            for side, distance in enumerate((x - x1, y - y1, x2 - x, y2 - y)):
                t = (distance / stride).clamp(0, 14.99)
                log_probs = bins[image, point, side].log_softmax(0)
                low = int(t)
                dfl -= score / 4 * ((low + 1 - t) * log_probs[low] + (t - low) * log_probs[low + 1])
        cls += F.binary_cross_entropy(probs[image], target, reduction="sum")
    assert total > 1 and (result.gt_inds == 0).all()
    wanted = dict(loss_cls=0.5 * cls, loss_bbox=7.5 * box, loss_dfl=1.5 * dfl)
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value / total, rtol=1e-4, atol=1e-5)


def test_yolov8_multiplies_its_losses_by_the_images_of_the_batch():
    plain, summed = build(), build(times_batch=True)
    gts = ground_truths()
    once, twice = losses(plain, gts), losses(summed, gts)
    assert all(torch.equal(twice[name], 2 * once[name]) for name in once)


def test_the_assigner_of_yolov8_has_a_version():
    head = build(train_cfg=dict(assigner=dict(type="YOLOv8Assigner", version="8.3")))
    assert sum(losses(head, ground_truths()).values()).isfinite()
    rule = head.assigner.rule
    assert (rule.eps, rule.contested, rule.force_match) == (1e-9, "all", False)
    with pytest.raises(
        ValueError, match=r"version must be one of 8\.2, 8\.3, 8\.4 .* but got '9.0'"
    ):
        build(train_cfg=dict(assigner=dict(type="YOLOv8Assigner", version="9.0")))


@pytest.mark.parametrize(
    "version, small",
    [
        *(("8.2", None), (8.3, None), ("8.3.253", None)),
        *((8.4, "below_first"), ("8.4.0", "below_first"), ("8.4.127", "below_first")),
        *(("8.4.128", "below_second"), ("8.4.190", "below_second")),
    ],
)
def test_small_sides_of_each_version(version, small):
    head = build(train_cfg=dict(assigner=dict(type="YOLOv8Assigner", version=version)))
    assert head.assigner.rule.widen_small_sides == small


@pytest.mark.parametrize("strides", [STRIDES, [8, 16]])
def test_a_batch_without_any_target_teaches_background_alone(strides):
    head = build(strides=strides)
    parts = losses(head, [instances([], []), instances([], [])], features(strides))
    assert parts["loss_cls"] > 0 and parts["loss_bbox"] == 0 and parts["loss_dfl"] == 0
    sum(parts.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())


def test_a_level_without_positives_still_has_gradients():
    """Processes wait for each other's gradients: none may be missing."""
    assigner = dict(type="MSLAAssigner", metrics="ciou", force_match=False)
    head = build(train_cfg=dict(assigner=assigner))
    tiny = [instances([[0.5, 0.5, 1.5, 1.5]], [0])] * 2  # no grid point inside
    parts = losses(head, tiny)
    assert parts["loss_bbox"] == 0
    sum(parts.values()).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_boxes_may_be_mmdets_own_type():
    head, gts = build(), ground_truths()
    typed = copy.deepcopy(gts)
    for gt in typed:
        gt.bboxes = HorizontalBoxes(gt.bboxes)
    assert losses(head, gts) == losses(head, typed)


def test_background_in_a_crowd_is_not_punished():
    head, gts = scattered(build()), ground_truths()
    crowd = [instances([[0.0, 0, 32, 64]], [0]), None]
    none = [instances([], []), None]
    with_crowd, without = losses(head, gts, ignore=crowd), losses(head, gts, ignore=none)
    assert with_crowd["loss_cls"] < 0.7 * without["loss_cls"]
    assert with_crowd["loss_bbox"] == without["loss_bbox"] > 0
    assert without == losses(head, gts)


def test_repeats_exactly_under_deterministic_algorithms():
    grads = []
    torch.use_deterministic_algorithms(True)
    try:
        for _ in range(2):
            head = build()
            sum(losses(head, ground_truths()).values()).backward()
            grads.append(torch.cat([p.grad.flatten() for p in head.parameters()]))
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.equal(*grads)


def test_bf16_autocast_is_near_to_fp32():
    head, gts = build(), ground_truths()
    wanted = losses(head, gts)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = losses(head, gts)
    for name in wanted:
        assert found[name].dtype == torch.float32
        torch.testing.assert_close(found[name], wanted[name], rtol=0.1, atol=0.05)


def test_predicts_decoded_boxes_in_image_coordinates():
    head = build().eval()
    outs = head(features())
    boxes, scores = head.decode(*outs)
    (result, _) = head.predict_by_feat(*outs, batch_img_metas=[META] * 2, rescale=True)
    best = scores[0].max()
    assert result.scores[0] == best and len(result) == 20
    place, label = (scores[0] == best).nonzero()[0]
    assert result.labels[0] == label
    limit = torch.tensor([30.0, 60, 30, 60])  # image border
    wanted = torch.minimum(boxes[0, place].clamp(min=0), limit) / 2
    torch.testing.assert_close(result.bboxes[0], wanted)


def voting(boxes, scores, labels, **test_cfg) -> InstanceData:
    results = instances(boxes, labels)
    results.scores = torch.tensor(scores)
    cfg = ConfigDict({**TEST_CFG, "voting_iou": 0.5, **test_cfg})
    return build(test_cfg=cfg)._bbox_post_process(results, cfg, img_meta=META)


def test_a_box_is_the_mean_of_those_that_nms_dropped_for_it_by_score():
    boxes = [[0.0, 0, 8, 8], [2.0, 0, 10, 8], [0.0, 0, 8, 3], [0.0, 0, 8, 8], [20.0, 20, 24, 24]]
    # IoU with the first: 48 / 80, 3 / 8, and 1 of another class.
    result = voting(boxes, [0.75, 0.25, 0.2, 0.7, 0.1], [0, 0, 0, 1, 0])
    assert result.scores.tolist() == pytest.approx([0.75, 0.7, 0.2, 0.1])
    wanted = torch.tensor([[0.5, 0, 8.5, 8], boxes[3], boxes[2], boxes[4]])
    torch.testing.assert_close(result.bboxes, wanted)


def test_voting_in_blocks_and_on_a_score_of_zero(monkeypatch):
    boxes = torch.rand(50, 4) * 8
    boxes[:, 2:] += boxes[:, :2]
    labels = torch.arange(50) % 3
    scores = torch.rand(50)
    scores[:5] = 0
    whole = voting(boxes.tolist(), scores.tolist(), labels.tolist(), max_per_img=50)
    monkeypatch.setattr("adla.models.dense_heads.box_voting._BLOCK", 7)
    blocks = voting(boxes.tolist(), scores.tolist(), labels.tolist(), max_per_img=50)
    torch.testing.assert_close(whole.bboxes, blocks.bboxes)
    assert whole.bboxes.isfinite().all()
    alone = voting([[1.0, 2, 3, 4]], [0.0], [0])
    assert alone.bboxes.tolist() == [[1, 2, 3, 4]]


def test_voting_keeps_to_image_coordinates_and_needs_nms():
    head = build(test_cfg=ConfigDict({**TEST_CFG, "voting_iou": 1.0})).eval()
    plain = build().eval()
    for options in (dict(rescale=True), dict(rescale=False), dict(with_nms=False)):
        outs = head(features())
        found = head.predict_by_feat(*outs, batch_img_metas=[META] * 2, **options)
        wanted = plain.predict_by_feat(*outs, batch_img_metas=[META] * 2, **options)
        for mine, theirs in zip(found, wanted, strict=True):
            torch.testing.assert_close(mine.bboxes, theirs.bboxes)


@pytest.mark.parametrize("value", [0, 1.5, "half", None])
def test_a_voting_iou_that_cannot_be_is_refused(value):
    with pytest.raises(ValueError, match=r"test_cfg.voting_iou must be a number in \(0, 1\]"):
        build(test_cfg=ConfigDict({**TEST_CFG, "voting_iou": value}))


def test_edges_lie_on_whole_pixels_of_the_image_alone():
    head = build(test_cfg=ConfigDict({**TEST_CFG, "box_grid": 1})).eval()
    plain = build().eval()
    outs = head(features())
    for options in (dict(rescale=True), dict(rescale=False), dict(rescale=True, with_nms=False)):
        found = head.predict_by_feat(*outs, batch_img_metas=[META] * 2, **options)
        wanted = plain.predict_by_feat(*outs, batch_img_metas=[META] * 2, **options)
        for mine, theirs in zip(found, wanted, strict=True):
            boxes = theirs.bboxes
            if options == dict(rescale=True):
                assert not (mine.bboxes % 1).any() and (boxes % 1).any()
                boxes = snap_boxes(boxes, 1, META["ori_shape"])
            torch.testing.assert_close(mine.bboxes, boxes)
            torch.testing.assert_close(mine.scores, theirs.scores)


def test_a_grid_of_none_leaves_the_edges():
    head = build(test_cfg=ConfigDict({**TEST_CFG, "box_grid": None})).eval()
    found = head.predict_by_feat(*head(features()), batch_img_metas=[META] * 2, rescale=True)
    assert (found[0].bboxes % 1).any()


def test_votes_are_counted_before_edges_are_moved():
    boxes = [[0.0, 0, 8, 8], [2.8, 0, 10.8, 8]]  # their mean by score ends at 8.7
    results = instances(boxes, [0, 0])
    results.scores = torch.tensor([0.75, 0.25])
    cfg = ConfigDict({**TEST_CFG, "voting_iou": 0.4, "box_grid": 1})
    cfg.nms.iou_threshold = 0.4
    meta = {**META, "scale_factor": (1.0, 1.0), "ori_shape": (60, 30)}
    found = build(test_cfg=cfg)._bbox_post_process(results, cfg, rescale=True, img_meta=meta)
    assert found.bboxes.tolist() == [[1, 0, 9, 8]]


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), "one", True])
def test_a_grid_that_cannot_be_is_refused(value):
    with pytest.raises(ValueError, match=r"test_cfg.box_grid must be .*but got"):
        build(test_cfg=ConfigDict({**TEST_CFG, "box_grid": value}))


def test_levels_that_do_not_match_the_strides_are_named():
    head = build()
    wrong = [torch.randn(2, 8, 64 // s, 32 // s) for s in (8, 16)]
    for run in (
        lambda: losses(head, ground_truths(), wrong),
        lambda: head.predict_by_feat(*head(wrong), batch_img_metas=[META] * 2),
    ):
        with pytest.raises(ValueError, match=r"meant for stride 4 is 4 x 8 on an input of 32 x 64"):
            run()
    with pytest.raises(ValueError, match="2 levels, but the neck gives 3"):
        head(features() + features([16]))


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(in_channels=[8, 8, 8]), "one entry for each level"),
        (dict(branches=["tiny"]), "one entry for each level"),
        (dict(branches=["tiny", "small"]), "but got 'small'"),
        (dict(reg_max=1), "reg_max must be at least 2"),
        (dict(train_cfg=dict(assigner={**ASSIGNER, "scale": 0})), "scale"),
        (dict(train_cfg=dict(assigner={**ASSIGNER, "scale": None})), "scale"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)


def test_metrics_for_other_levels_are_refused():
    head = build(train_cfg=dict(assigner={**ASSIGNER, "metrics": ["dotd", "ciou", "ciou"]}))
    with pytest.raises(ValueError, match="metrics"):
        losses(head, ground_truths())
