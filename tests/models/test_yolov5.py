"""YOLOv5's network by its published sizes; its head against loops in float64, and by hand."""

import math

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from adla.models import YOLOv5BBoxCoder, YOLOv5Darknet, YOLOv5Head, YOLOv5PAFPN
from tests.core import overlap_reference
from tests.core.shape_ratio.test_matching import slow_matches

from ..config_utils import load

# Parameters of v7.0 with one class, as its own program prints them.
PARAMETERS = {"n": 1_765_270, "s": 7_022_326}
ANCHORS = [[[10, 13], [16, 30], [33, 23]], [[30, 61], [62, 45], [59, 119]]]
STRIDES, BALANCE = [8, 16], [4.0, 1.0]
SIDES = (64, 96)  # height and width of the input
META = dict(batch_input_shape=SIDES, img_shape=(60, 90), scale_factor=(2.0, 2.0))
TEST_CFG = dict(
    nms_pre=100,
    min_bbox_size=0,
    score_thr=0.0,
    nms=dict(type="nms", iou_threshold=0.5),
    max_per_img=20,
)


def build(seed=0, **kwargs) -> YOLOv5Head:
    cfg = dict(
        type="YOLOv5Head",
        num_classes=3,
        in_channels=8,
        strides=STRIDES,
        anchors=ANCHORS,
        balance=BALANCE,
        test_cfg=TEST_CFG,
    )
    torch.manual_seed(seed)
    head = MODELS.build(ConfigDict({**cfg, **kwargs}))
    head.init_weights()
    return head


def features(strides=STRIDES, seed=1):
    generator = torch.Generator().manual_seed(seed)
    height, width = SIDES
    return [torch.randn(2, 8, height // s, width // s, generator=generator) for s in strides]


def instances(boxes, labels) -> InstanceData:
    return InstanceData(
        bboxes=torch.tensor(boxes).float().reshape(-1, 4),
        labels=torch.tensor(labels, dtype=torch.long),
    )


def ground_truths():
    """Two objects that share cells and anchors, a large one, one that no anchor fits, none."""
    boxes = [[5.0, 6, 15, 17], [6, 7, 17, 19], [30, 10, 80, 60], [50, 50, 51, 63]]
    return [instances(boxes, [0, 2, 1, 1]), instances([], [])]


def scattered(head) -> YOLOv5Head:
    """Move the weights away from where training starts, so that every prior has a say."""
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return head


def losses(head, gts, feats=None, ignore=None):
    outs = head(features() if feats is None else feats)
    return head.loss_by_feat(*outs, gts, [META] * len(gts), ignore)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def slow_box(logits, anchor, column, row, stride):
    """A box as v7.0 has it: 2 s - .5 cells from the cell's corner, (2 s)^2 anchors large."""
    x, y = (2 * sigmoid(logits[i]) - 0.5 + cell for i, cell in enumerate((column, row)))
    w, h = (4 * sigmoid(logits[2 + i]) ** 2 * anchor[i] for i in range(2))
    return [x * stride - w / 2, y * stride - h / 2, x * stride + w / 2, y * stride + h / 2]


def cross_entropy(logit, target):
    p = sigmoid(logit)
    return -target * math.log(p) - (1 - target) * math.log(1 - p)


def slow_losses(maps, gts, num_classes):
    """The losses by loops over images, pairs, cells and classes."""
    box = obj = cls = 0
    for level, anchors, stride, balance in zip(maps, ANCHORS, STRIDES, BALANCE, strict=True):
        grid, pairs, cells, seen = tuple(level.shape[2:4]), [], [], {}
        for image, gt in enumerate(gts):
            pairs += [
                (image, *pair) for pair in slow_matches(gt.bboxes.tolist(), anchors, stride, grid)
            ]
        for image, k, a, row, column in pairs:
            logits = level[image, a, row, column].tolist()
            overlap = overlap_reference.ciou(
                slow_box(logits, anchors[a], column, row, stride), gts[image].bboxes[k].tolist()
            )
            box += (1 - overlap) / len(pairs)
            place = (image, a, row, column)
            seen[place] = max(seen.get(place, 0), overlap)
            for c in range(num_classes):
                wanted = float(c == gts[image].labels[k])
                cls += cross_entropy(logits[5 + c], wanted) / len(pairs) / num_classes
        for place in torch.cartesian_prod(*map(torch.arange, level.shape[:4])).tolist():
            cells.append(cross_entropy(level[tuple(place)][4].item(), seen.get(tuple(place), 0)))
        obj += balance * sum(cells) / len(cells)
    area = SIDES[0] * SIDES[1] / 640**2
    losses = dict(loss_bbox=0.05 * box, loss_obj=area * obj)
    if num_classes > 1:
        losses["loss_cls"] = 0.5 * num_classes / 80 * cls
    return {name: 3 / 2 * loss for name, loss in losses.items()}  # two levels, not three


@pytest.mark.parametrize("size", "ns")
def test_has_the_published_number_of_parameters(size):
    detector = MODELS.build(load(f"yolov5/yolov5-{size}_pafpn_300e_sirst-v2.py").model)
    assert sum(p.numel() for p in detector.parameters()) == PARAMETERS[size]


def test_backbone_starts_wide_and_ends_with_the_pyramid():
    backbone = YOLOv5Darknet(out_indices=(1, 2, 3, 4))
    backbone.eval()
    outs = backbone(torch.zeros(1, 3, 64, 96))
    assert [tuple(x.shape[1:]) for x in outs] == [
        (32, 16, 24), (64, 8, 12), (128, 4, 6), (256, 2, 3),
    ]  # fmt: skip
    assert backbone.stem.conv.kernel_size == (6, 6)
    blocks = [len(getattr(backbone, f"stage{i}")[1].blocks) for i in range(1, 5)]
    assert blocks == [1, 2, 3, 1]
    assert backbone.stage4[1].blocks[0].add_identity
    assert type(backbone.stage4[2]).__name__ == "SPPF"


def test_backbone_builds_no_more_than_is_asked_for():
    backbone = YOLOv5Darknet(out_indices=(1, 3))
    assert not hasattr(backbone, "stage4")
    assert [x.shape[1] for x in backbone(torch.zeros(2, 3, 32, 32))] == [32, 128]


@pytest.mark.parametrize("indices", [(), (0, 1), (2, 1), (4, 5), (3, 3)])
def test_backbone_refuses_levels_that_there_are_not(indices):
    with pytest.raises(ValueError, match="YOLOv5Darknet: out_indices must be some of"):
        YOLOv5Darknet(out_indices=indices)


def test_neck_has_no_last_convolutions_and_keeps_the_shapes():
    neck = YOLOv5PAFPN([8, 16, 32]).eval()
    levels = [torch.randn(1, 8 * 2**i, 16 >> i, 8 >> i) for i in range(3)]
    assert [x.shape for x in neck(levels)] == [x.shape for x in levels]
    assert not list(neck.out_convs.parameters())


@pytest.mark.parametrize(
    "sizes, message",
    [([8, 4], "but the backbone gives 2"), ([8, 4, 1], "half the size"), ([9, 4, 2], "half")],
)
def test_neck_refuses_maps_that_do_not_match(sizes, message):
    with pytest.raises(ValueError, match=message):
        YOLOv5PAFPN([4, 4, 4])([torch.zeros(1, 4, s, s) for s in sizes])
    with pytest.raises(ValueError, match="at least two levels"):
        YOLOv5PAFPN([4])


def test_coder_by_hand_and_back():
    coder = YOLOv5BBoxCoder()
    anchor = torch.tensor([[15.0, 13.5, 25, 26.5]])  # 10 x 13 about 20, 20
    decoded = coder.decode(anchor, torch.zeros(1, 4), 8)  # s = .5: the anchor itself
    torch.testing.assert_close(decoded, anchor)
    three = math.log(3)  # s = .75: half a stride on, sides times 2.25
    decoded = coder.decode(anchor, torch.tensor([[three, -three, three, 0]]), 8)
    torch.testing.assert_close(decoded, torch.tensor([[12.75, 9.5, 35.25, 22.5]]))
    torch.testing.assert_close(
        coder.encode(anchor, decoded, 8), torch.tensor([[three, -three, three, 0]])
    )
    far = coder.decode(anchor, torch.tensor([[50.0, 0, 50, 0]]), 8)
    torch.testing.assert_close(far, torch.tensor([[8.0, 13.5, 48, 26.5]]))
    with pytest.raises(ValueError, match="out of reach of the anchor"):
        coder.encode(anchor, far, 8)


@pytest.mark.parametrize("num_classes", [1, 3])
def test_losses_are_those_of_loops(num_classes):
    head = scattered(build(num_classes=num_classes))
    gts = ground_truths()
    for gt in gts:
        gt.labels = gt.labels.clamp(max=num_classes - 1)
    found = losses(head, gts)
    wanted = slow_losses(head(features())[0], gts, num_classes)
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert found[name].item() == pytest.approx(value, rel=2e-5), name


def test_an_object_without_a_fitting_anchor_teaches_nothing():
    head, thin = scattered(build()), [instances([[50.0, 50, 51, 63]], [1]), instances([], [])]
    none = [instances([], []), instances([], [])]
    assert losses(head, thin) == losses(head, none)


def test_multiplies_its_losses_by_the_images_of_the_batch():
    plain, summed = build(), build(times_batch=True)
    once, twice = losses(plain, ground_truths()), losses(summed, ground_truths())
    assert all(twice[name].item() == pytest.approx(2 * once[name].item()) for name in once)


def test_starts_with_few_objects_of_any_class():
    head = build(num_classes=1)
    logits = torch.cat([conv.bias.view(3, 6) for conv in head.convs])
    few = [8 / (640 / stride) ** 2 for stride in STRIDES]
    assert logits[:, 4].exp().tolist() == pytest.approx([few[0]] * 3 + [few[1]] * 3, rel=1e-5)
    assert (logits[:, 5].sigmoid() > 0.9999).all()  # a class without rivals is not learned


def test_a_batch_without_any_target_teaches_background_alone():
    head = build()
    parts = losses(head, [instances([], []), instances([], [])])
    assert parts["loss_obj"] > 0 and parts["loss_bbox"] == 0 and parts["loss_cls"] == 0
    sum(parts.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())


def test_background_in_a_crowd_is_not_punished():
    head, gts = scattered(build()), ground_truths()
    crowd = [instances([[0.0, 0, 48, 64]], [0]), None]
    with_crowd, without = losses(head, gts, ignore=crowd), losses(head, gts)
    assert with_crowd["loss_obj"] < 0.9 * without["loss_obj"]
    assert with_crowd["loss_bbox"] == without["loss_bbox"] > 0


def test_predicts_decoded_boxes_in_image_coordinates():
    head = scattered(build()).eval()
    maps = head(features())[0]
    (result, _) = head.predict_by_feat(maps, batch_img_metas=[META] * 2, rescale=True)
    best, place = max(
        (sigmoid(m[0, a, r, c, 4].item()) * sigmoid(m[0, a, r, c, 5 + k].item()), (i, a, r, c, k))
        for i, m in enumerate(maps)
        for a, r, c, k in torch.cartesian_prod(*map(torch.arange, (*m.shape[1:4], 3))).tolist()
    )
    level, a, row, column, label = place
    assert len(result) == 20
    assert (result.scores[0].item(), result.labels[0]) == (pytest.approx(best), label)
    logits = maps[level][0, a, row, column].tolist()
    box = slow_box(logits, ANCHORS[level][a], column, row, STRIDES[level])
    wanted = [min(max(v, 0), limit) / 2 for v, limit in zip(box, (90, 60, 90, 60), strict=True)]
    assert result.bboxes[0].tolist() == pytest.approx(wanted, rel=1e-5)


def test_levels_that_do_not_match_the_strides_are_named():
    head = build()
    wrong = features([16, 32])
    for run in (
        lambda: losses(head, ground_truths(), wrong),
        lambda: head.predict_by_feat(*head(wrong), batch_img_metas=[META] * 2),
    ):
        with pytest.raises(ValueError, match=r"meant for stride 8 is 6 x 4 on an input of 96 x 64"):
            run()
    with pytest.raises(ValueError, match="2 levels, but the neck gives 3"):
        head(features([8, 16, 32]))


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(in_channels=[8, 8, 8]), "in_channels must have one entry for each of strides"),
        (dict(anchors=ANCHORS[:1]), "anchors must have one entry for each of strides"),
        (dict(balance=[4.0, 1.0, 0.4]), "balance must have one entry for each of strides"),
        (dict(anchors=[ANCHORS[0], ANCHORS[1][:2]]), "as many anchors"),
        (dict(ratio_thr=1), "ratio_thr must be above 1"),
        (dict(reach=0.6), r"reach in \[0, 0.5\]"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)
