"""FSANet's modules against loops in float64, and by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
from mmdet.models.backbones import SwinTransformer
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from adla.models import FSANetFPN, FSANetHead
from adla.models.layers import FeatureAlign
from tests.compat import slow_ops

STRIDES, RANGES = [8, 16], ((-1, 16), (16, 1e8))
META = dict(batch_input_shape=(32, 48), img_shape=(30, 44), scale_factor=(2.0, 2.0))
TEST_CFG = dict(
    nms_pre=100,
    min_bbox_size=0,
    score_thr=0.0,
    nms=dict(type="nms", iou_threshold=0.5),
    max_per_img=20,
)


def build(seed=0, **kwargs) -> FSANetHead:
    cfg = dict(
        type="FSANetHead",
        num_classes=3,
        in_channels=8,
        feat_channels=8,
        stacked_convs=1,
        strides=STRIDES,
        regress_ranges=RANGES,
        norm_cfg=dict(type="GN", num_groups=4),
        test_cfg=TEST_CFG,
    )
    torch.manual_seed(seed)
    head = MODELS.build(ConfigDict({**cfg, **kwargs}))
    for parameter in head.parameters():  # away from the start, so that every part has a say
        torch.nn.init.normal_(parameter, std=0.3)
    return head


def features(strides=STRIDES):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(2, 8, 32 // s, 48 // s, generator=generator) for s in strides]


def instances(boxes, labels) -> InstanceData:
    return InstanceData(
        bboxes=torch.tensor(boxes).float().reshape(-1, 4),
        labels=torch.tensor(labels, dtype=torch.long),
    )


def ground_truths():
    boxes = [[2.0, 3, 15, 14], [6, 6, 14, 13], [10, 4, 44, 30]]
    return [instances(boxes, [0, 2, 1]), instances([], [])]


def slow_align(module, fine, coarse):
    """The sum at each position, from the definition; one image, float64."""
    channels, height, width = fine.shape
    rows, columns = coarse.shape[1:]

    def place(i, n, m):
        """Where index i of n lies on m, the first and the last on one another."""
        return i * (m - 1) / (n - 1)

    raised = torch.tensor(
        [
            [
                [
                    slow_ops.read(plane, place(y, height, rows), place(x, width, columns))
                    for x in range(width)
                ]
                for y in range(height)
            ]
            for plane in coarse
        ],
        dtype=torch.float64,
    )
    both = F.pad(torch.cat([fine, raised]), (1, 1, 1, 1))
    out = fine.clone()
    for y in range(height):
        for x in range(width):
            window = both[:, y : y + 3, x : x + 3]
            mixed = (window * module.depthwise.weight[:, 0]).sum((1, 2))
            dx, dy = (module.pointwise.weight[:, :, 0, 0] @ mixed).tolist()
            u, v = 2 * x / (width - 1) - 1 + dx / width, 2 * y / (height - 1) - 1 + dy / height
            at = (v + 1) / 2 * (rows - 1), (u + 1) / 2 * (columns - 1)
            for c in range(channels):
                out[c, y, x] += slow_ops.read_padded(coarse[c], *at)
    return out


@torch.no_grad()
def test_alignment_is_its_definition():
    torch.manual_seed(0)
    module = FeatureAlign(3).double()
    module.init_weights()
    module.pointwise.weight *= 4  # some positions leave the map
    fine, coarse = torch.randn(2, 3, 6, 8).double(), torch.randn(2, 3, 3, 4).double()
    found = module(fine, coarse)
    for image in range(2):
        torch.testing.assert_close(found[image], slow_align(module, fine[image], coarse[image]))


def test_without_offsets_it_is_an_upsampling():
    module = FeatureAlign(1)
    torch.nn.init.zeros_(module.pointwise.weight)
    coarse = torch.tensor([[[[0.0, 3.0], [6.0, 9.0]]]])
    ramp = torch.tensor([0.0, 1, 2, 3])
    torch.testing.assert_close(
        module(torch.ones(1, 1, 4, 4), coarse)[0, 0], 1 + ramp + 2 * ramp[:, None]
    )


def test_an_even_kernel_has_no_middle():
    with pytest.raises(ValueError, match="kernel_size must be odd, but got 2"):
        FSANetFPN([4, 8], 32, kernel_size=2)


def test_neck_stands_behind_a_swin_transformer_and_every_level_sees_the_coarser_ones():
    backbone = SwinTransformer(embed_dims=12, depths=(1, 1, 1, 1), out_indices=(1, 2, 3))
    neck = FSANetFPN([24, 48, 96], 32).eval()
    outs = neck(backbone(torch.zeros(1, 3, 64, 96)))
    assert [tuple(x.shape) for x in outs] == [(1, 32, 64 // s, 96 // s) for s in (8, 16, 32)]
    maps = [torch.randn(1, c, s, s, requires_grad=True) for c, s in ((24, 8), (48, 4), (96, 2))]
    for i, out in enumerate(neck(maps)):
        grads = torch.autograd.grad(out.square().sum(), maps, retain_graph=True, allow_unused=True)
        assert [grad is not None for grad in grads] == [j >= i for j in range(3)]


@pytest.mark.parametrize(
    "sizes, message",
    [([8, 4], "but the backbone gives 2"), ([8, 4, 1], "half the size"), ([9, 4, 2], "half")],
)
def test_neck_refuses_maps_that_do_not_match(sizes, message):
    with pytest.raises(ValueError, match=message):
        FSANetFPN([4, 4, 4], 32)([torch.zeros(1, 4, s, s) for s in sizes])
    with pytest.raises(ValueError, match="at least two levels"):
        FSANetFPN([4], 32)


@torch.no_grad()
def test_a_level_is_predicted_in_two_steps():
    """Against a loop over the taps of the deformable convolutions."""
    head = build().double().eval()
    x, scale = torch.randn(1, 8, 3, 4).double(), head.scales[0]
    scale.scale.fill_(0.7)
    found = head.forward_single(x, scale, 8)
    cls_feat, reg_feat = head.cls_convs[0](x), head.reg_convs[0](x)
    shape = F.conv2d(reg_feat, head.conv_reg_init.weight, head.conv_reg_init.bias, padding=1)
    coarse = torch.exp(0.7 * shape)
    offset = torch.einsum("oi,bihw->bohw", head.conv_offset.weight[:, :, 0, 0], shape)
    assert offset.shape[1] == 4 * 9 * 2
    feats = []
    for name, feat in (("cls", cls_feat), ("reg", reg_feat)):
        weight, one = getattr(head, f"{name}_adapt").weight, (1, 1)
        moved = slow_ops.deform_conv(feat, offset, weight, one, one, one, 1, 4)
        feats.append(F.relu(getattr(head, f"{name}_norm")(moved)))
    wanted = (
        head.conv_cls(feats[0]),
        coarse + 0.7 * head.conv_reg(feats[1]),
        head.conv_centerness(feats[0]),
        coarse,
    )
    for value, expected in zip(found, wanted, strict=True):
        torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-5)


def slow_target(point, low, high, boxes):
    """The smallest of the boxes around a place whose largest side distance is in a range."""
    x, y = point
    best = None
    for k, (x1, y1, x2, y2) in enumerate(boxes):
        sides = x - x1, y - y1, x2 - x, y2 - y
        area = (x2 - x1) * (y2 - y1)
        fits = min(sides) > 0 and low <= max(sides) <= high
        if fits and (best is None or area < best[0]):
            best = area, k
    return None if best is None else best[1]


def center_score(point, box):
    x, y, w, h = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1]
    return math.exp(-4 * ((point[0] - x) / w) ** 2 - 4 * ((point[1] - y) / h) ** 2)


def overlap(a, b):
    w, h = (max(min(a[i + 2], b[i + 2]) - max(a[i], b[i]), 0) for i in (0, 1))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return w * h / (sum(areas) - w * h)


def slow_losses(outs, gts):
    cls_scores, finals, centers, coarses = outs
    init, init_weight, box, weight, score, cls, count = 0, 0, 0, 0, 0, 0, 0
    for i, (stride, (low, high)) in enumerate(zip(STRIDES, RANGES, strict=True)):
        places = torch.cartesian_prod(*map(torch.arange, finals[i][:, 0].shape)).tolist()
        for image, row, column in places:
            boxes = gts[image].bboxes.tolist()
            x, y = (column + 0.5) * stride, (row + 0.5) * stride
            first, final = (maps[i][image, :, row, column].tolist() for maps in (coarses, finals))
            k = slow_target((x, y), low, high, boxes)
            if k is not None:
                g = center_score((x, y), boxes[k])
                moved = [x - first[0], y - first[1], x + first[2], y + first[3]]
                init -= g * math.log(max(overlap(moved, boxes[k]), 1e-6))
                init_weight += g
            moved = [x - final[0], y - final[1], x + final[2], y + final[3]]
            middle = (moved[0] + moved[2]) / 2, (moved[1] + moved[3]) / 2
            k = slow_target(middle, low, high, boxes)
            if k is not None:
                g = center_score((x, y), boxes[k])
                box -= g * math.log(max(overlap(moved, boxes[k]), 1e-6))
                weight += g
                p = centers[i][image, 0, row, column].sigmoid().item()
                score -= g * math.log(p) + (1 - g) * math.log(1 - p)
                count += 1
            for c, p in enumerate(cls_scores[i][image, :, row, column].sigmoid().tolist()):
                hit = k is not None and c == gts[image].labels[k]
                p, a = (p, 0.25) if hit else (1 - p, 0.75)
                cls -= a * (1 - p) ** 2 * math.log(p)
    return dict(
        loss_cls=cls / count,
        loss_bbox=box / weight,
        loss_bbox_init=0.2 * init / init_weight,
        loss_centerness=score / count,
    ), count


@torch.no_grad()
def test_losses_are_those_of_loops():
    head, gts = build(), ground_truths()
    for scale in head.scales:
        scale.scale.fill_(1.2)
    outs = head(features())
    for level, coarse in zip(outs[1], outs[3], strict=True):
        level += 6 - coarse.mean()  # boxes of a few pixels, whose centers lie beside the points
    found = head.loss_by_feat(*outs, gts, [META] * 2)
    wanted, count = slow_losses(outs, gts)
    assert count >= 8 and set(found) == set(wanted)
    for name, value in wanted.items():
        assert found[name].item() == pytest.approx(value, rel=1e-4), name


def test_a_box_that_moves_onto_an_object_is_taken_though_its_point_lies_outside():
    head, gts = build(), [instances([[20.0, 8, 30, 18]], [2])]
    points = head.prior_generator.grid_priors([(4, 6), (2, 3)], device="cpu")
    preds = [torch.full((1, 4, 4, 6), 5.0), torch.full((1, 4, 2, 3), 5.0)]
    labels, _ = head.refined_targets(points, preds, gts)
    outside = 6 + 1  # row 1, column 1: the point 12, 12
    assert labels[outside] == 3 and labels[outside + 2] == 2  # the point 28, 12 lies inside
    preds[0][0, :, 1, 1] = torch.tensor([-8.0, 4, 18, 6])  # from 20, 8 to 30, 18
    labels, targets = head.refined_targets(points, preds, gts)
    assert labels[outside] == 2
    assert targets[outside].tolist() == [-8.0, 4.0, 18.0, 6.0]
    assert head.centerness_target(targets[outside : outside + 1]).item() == pytest.approx(
        math.exp(-4 * 1.3**2 - 4 * 0.1**2)
    )


def test_a_batch_without_any_target_teaches_background_alone():
    head = build()
    parts = head.loss_by_feat(*head(features()), [instances([], [])] * 2, [META] * 2)
    assert parts["loss_cls"] > 0 and all(
        parts[name] == 0 for name in ("loss_bbox", "loss_bbox_init", "loss_centerness")
    )
    sum(parts.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())


def test_predicts_the_final_boxes():
    head = build().eval()
    outs = head(features())
    (result, _) = head.predict_by_feat(*outs, batch_img_metas=[META] * 2, rescale=True)
    scores = [c[0].sigmoid() * ctr[0].sigmoid() for c, ctr in zip(outs[0], outs[2], strict=True)]
    level = max((0, 1), key=lambda i: scores[i].max().item())
    label, row, column = (scores[level] == scores[level].max()).nonzero()[0].tolist()
    assert result.scores[0] == scores[level].max() and result.labels[0] == label
    x, y = (column + 0.5) * STRIDES[level], (row + 0.5) * STRIDES[level]
    left, top, right, bottom = outs[1][level][0, :, row, column].tolist()
    box = [x - left, y - top, x + right, y + bottom]
    wanted = [min(max(v, 0), limit) / 2 for v, limit in zip(box, (44, 30, 44, 30), strict=True)]
    assert result.bboxes[0].tolist() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(norm_on_bbox=True), "FSANetHead has no norm_on_bbox"),
        (dict(center_sampling=True), "FSANetHead has no center_sampling"),
        (dict(dcn_kernel=2), "dcn_kernel must be odd"),
        (dict(deform_groups=3), "deform_groups must divide feat_channels"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)
