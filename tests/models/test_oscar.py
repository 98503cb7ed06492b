"""OSCAR: targets, neck, coder, head, losses and inference."""

import copy
import json

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.testing import demo_mm_inputs
from mmengine.structures import InstanceData, PixelData

from adla.datasets.converters import convert_sirst_v2
from adla.models.dense_heads.oscar_layers import OSCARMaps
from adla.models.dense_heads.oscar_targets import assign_points, noco_targets, pseudo_boxes
from adla.models.task_modules.coders import CornerOffsetBBoxCoder

from ..config_utils import load
from ..datasets.conftest import sirst_v2_root  # noqa: F401

LIGHT = "oscar/oscar_csp-nano-p2_fpn-48_light_sirst-v2.py"


def grid(stride, size=64):
    steps = torch.arange(size // stride) * stride + stride / 2
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def test_pseudo_boxes_by_hand():
    # 4 x 9 = 36 px is not above 6 x 6; 4 x 10 is. The center of the first is (12, 14.5).
    boxes = torch.tensor([[10.0, 10, 14, 19], [10, 10, 14, 20]])
    assert pseudo_boxes(boxes, 6).tolist() == [[9, 11.5, 15, 17.5], [10, 10, 14, 20]]


def test_a_square_of_one_stride_holds_one_point_wherever_it_lies():
    points = grid(8)
    for x in torch.arange(40, 50, 0.5):
        box = torch.tensor([[x - 1, 30, x + 1, 33]])
        targets = assign_points(points, box, torch.zeros(1, dtype=torch.long), 8, 1)
        assert int((targets.labels == 0).sum()) == 1
    # x = 48 lies midway between the points 44 and 52: the left border, 44, belongs to the box.
    box = torch.tensor([[47.0, 30, 49, 34]])
    targets = assign_points(points, box, torch.zeros(1, dtype=torch.long), 8, 1)
    assert points[targets.labels == 0].tolist() == [[44, 28]]


def test_an_open_border_holds_nothing_on_it():
    """As the authors' program has it: points strictly inside."""
    points, label = grid(8), torch.zeros(1, dtype=torch.long)
    # Centers (48, 32): the square 44 to 52 by 28 to 36 has its corners on four points of the grid.
    box = torch.tensor([[47.0, 30, 49, 34]])
    assert (assign_points(points, box, label, 8, 1, open_border=True).labels == 1).all()
    # Half a pixel further: 44.5 to 52.5, and only the point 52 is inside; up and down still none.
    box += torch.tensor([0.5, 0, 0.5, 0])
    assert (assign_points(points, box, label, 8, 1, open_border=True).labels == 1).all()
    box += torch.tensor([0, 0.5, 0, 0.5])
    targets = assign_points(points, box, label, 8, 1, open_border=True)
    assert points[targets.labels == 0].tolist() == [[52, 36]]
    # A large target keeps its box, 20 to 36: the points 28 alone are inside; closed also 20.
    box = torch.tensor([[20.0, 20, 36, 36]])
    found = [
        points[assign_points(points, box, label, 8, 1, open_border=border).labels == 0].tolist()
        for border in (True, False)
    ]
    assert found == [[[28, 28]], [[20, 20], [28, 20], [20, 28], [28, 28]]]


def test_the_published_config_does_as_the_program():
    cfg = load("oscar/oscar_r18-p2_fpn-128_1x_sirst-v2.py")
    assert MODELS.build(cfg.model.bbox_head).open_border
    train = cfg.train_dataloader.dataset.dataset
    assert train.ann_file.endswith("trainval_full.json")
    (noco,) = (step for step in train.pipeline if step.type == "GenerateNoCoMap")
    assert noco.rounding == "toward_zero"
    for name in ("val", "test"):
        assert cfg[f"{name}_dataloader"].dataset.ann_file.endswith("test_full.json")
        assert {e.ann_file for e in cfg[f"{name}_evaluator"]} == {
            "data/sirst-v2/annotations/test_full.json"
        }


def test_the_smaller_ground_truth_wins_and_a_tie_the_first():
    points = torch.tensor([[10.0, 10.0]])
    boxes = torch.tensor([[0.0, 0, 20, 20], [8, 8, 12, 12], [7, 7, 11, 11]])
    targets = assign_points(points, boxes, torch.tensor([0, 1, 2]), 6, 3)
    assert targets.labels.tolist() == [1]
    assert targets.boxes.tolist() == [[8, 8, 12, 12]]
    assert targets.pseudo_boxes.tolist() == [[7, 7, 13, 13]]


def slow_assign(points, boxes, labels, side, background):
    rows = []
    for px, py in points.tolist():
        best = None
        for k, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
            area = (x2 - x1) * (y2 - y1)
            pseudo = (x1, y1, x2, y2)
            if area <= side * side:
                cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
                pseudo = (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)
            inside = pseudo[0] <= px < pseudo[2] and pseudo[1] <= py < pseudo[3]
            if inside and (best is None or area < best[0]):
                best = (area, int(labels[k]), [x1, y1, x2, y2], list(pseudo))
        rows.append(best[1:] if best else (background, [0.0] * 4, [0.0] * 4))
    return rows


def test_assignment_agrees_with_a_slow_reference():
    generator = torch.Generator().manual_seed(0)
    points = grid(4, 48)
    positives = 0
    for _ in range(20):
        corners = torch.randint(0, 40, (6, 2), generator=generator)
        sizes = torch.randint(1, 14, (6, 2), generator=generator)
        boxes = torch.cat([corners, corners + sizes], 1).float()
        labels = torch.randint(0, 3, (6,), generator=generator)
        targets = assign_points(points, boxes, labels, 6, 3)
        rows = list(zip(*(field.tolist() for field in targets), strict=True))
        assert rows == slow_assign(points, boxes, labels, 6, 3)
        positives += int((targets.labels < 3).sum())
    assert positives > 100


def test_without_ground_truth_all_is_background():
    targets = assign_points(grid(8), torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), 8, 2)
    assert set(targets.labels.tolist()) == {2} and not targets.boxes.any()


@pytest.mark.slow
def test_real_targets_have_points_on_both_levels(request, tmp_path):
    """The 498 boxes of ``trainval_full`` at the scale of the sensor.

    On the refine level each has one. On the coarse level 8 that are narrower than 8 px and larger
    than 64 px, so keep their box, lie between the points, and 4 lose theirs to a smaller neighbor.
    """
    root = request.getfixturevalue("sirst_v2_root")
    convert_sirst_v2(root, tmp_path, splits=["trainval_full"], progress=False)
    coco = json.loads((tmp_path / "annotations" / "trainval_full.json").read_text())
    boxes = torch.tensor([ann["bbox"] for ann in coco["annotations"]], dtype=torch.float32)
    boxes[:, 2:] += boxes[:, :2]
    image_ids = torch.tensor([ann["image_id"] for ann in coco["annotations"]])
    together, missed = {4: 0, 8: 0}, {4: [], 8: []}
    for image_id in image_ids.unique():
        mine = boxes[image_ids == image_id]
        for stride, side in ((4, 6.0), (8, 8.0)):
            near = [grid(stride) + box[:2] // 8 * 8 - 32 for box in mine]
            points = torch.cat(near)
            targets = assign_points(points, mine, torch.arange(len(mine)), side, len(mine))
            together[stride] += len(targets.labels.unique()) - 1
            for box in mine[:, None]:
                one = assign_points(points, box, torch.zeros(1, dtype=torch.long), side, 1)
                missed[stride] += [] if (one.labels == 0).any() else [box[0, 2:] - box[0, :2]]
    assert missed[4] == [] and len(missed[8]) == 8
    assert all(size.prod() > 64 and size.min() < 8 for size in missed[8])
    assert together == {4: 498, 8: 486}


def test_coder_by_hand_and_back():
    coder = CornerOffsetBBoxCoder(4)
    prior, box = torch.tensor([[8.0, 8, 16, 16]]), torch.tensor([[10.0, 9, 14, 70]])
    offsets = coder.encode(prior, box)
    assert offsets.tolist() == [[0.5, 0.25, -0.5, 13.5]]
    assert torch.equal(coder.decode(prior, offsets), box)
    assert coder.decode(prior - 20, offsets, (60, 12)).tolist() == [[0, 0, 0, 50]]
    assert coder.decode(prior, offsets, (60, 12)).tolist() == [[10, 9, 12, 60]]
    with pytest.raises(ValueError, match="stride must be positive, but got 0"):
        CornerOffsetBBoxCoder(0)


def test_neck_returns_its_levels_and_has_no_idle_parameter():
    neck = {"type": "OSCARFPN", "in_channels": [8, 16, 32, 64], "out_channels": 8, "num_outs": 4}
    features = [torch.rand(1, 8 * 2**i, 32 // 2**i, 32 // 2**i) for i in range(4)]
    torch.manual_seed(0)
    ours = MODELS.build(neck)
    stock = MODELS.build({**neck, "type": "FPN"})
    stock.load_state_dict(ours.state_dict(), strict=False)
    levels = ours(features)
    expected = stock(features)
    assert len(levels) == 2 and all(map(torch.equal, levels, expected[:2]))
    sum(level.sum() for level in levels).backward()
    assert all(p.grad is not None for p in ours.parameters())
    for wrong in ((), (0, 4)):
        with pytest.raises(ValueError, match="must be some of 0 to 3"):
            MODELS.build({**neck, "out_indices": wrong})


def head(**kwargs):
    cfg = {"type": "OSCARHead", "num_classes": 1, "in_channels": 16, "feat_channels": 16}
    cfg |= {"stacked_convs": 1, "norm_cfg": {"type": "GN", "num_groups": 4}, **kwargs}
    built = MODELS.build(cfg)
    built.test_cfg = load(LIGHT).model.test_cfg
    return built


def features(batch=2, size=64):
    return torch.randn(batch, 16, size // 4, size // 4), torch.randn(
        batch, 16, size // 8, size // 8
    )


def test_gates_multiply_the_logits_of_the_other_level():
    torch.manual_seed(0)
    built = head().eval()
    layers, x = built.layers, features()
    with torch.no_grad():
        open_gates = copy.deepcopy(layers)
        for gate in (open_gates.coarse_gate, open_gates.refine_gate):
            gate.weight.zero_()
            gate.bias.fill_(50.0)  # sigmoid 1
        plain = open_gates(*x)
        half = copy.deepcopy(open_gates)
        half.coarse_gate.bias.zero_()  # sigmoid .5, on the refine level
        gated = half(*x)
    assert torch.allclose(gated.refine_cls, plain.refine_cls / 2)
    assert torch.equal(gated.coarse_cls, plain.coarse_cls)
    assert torch.equal(gated.refine_reg, plain.refine_reg) and torch.equal(gated.noco, plain.noco)


def maps_with_one_detection(size=64, row=5, column=7):
    """Only the point (30, 22) of the refine level is likely; its coarse cell is at (28, 20)."""
    fine, coarse = size // 4, size // 8
    maps = OSCARMaps(
        refine_cls=torch.full((1, 1, fine, fine), -20.0),
        refine_reg=torch.zeros(1, 4, fine, fine),
        noco=torch.full((1, 1, fine, fine), 0.0),
        coarse_cls=torch.full((1, 1, coarse, coarse), 0.0),
        coarse_reg=torch.full((1, 4, coarse, coarse), 4.0),
    )
    maps.refine_cls[0, 0, row, column] = 3.0
    maps.coarse_cls[0, 0, row // 2, column // 2] = 1.0
    maps.noco[0, 0, row, column] = 2.0
    maps.refine_reg[0, :, row, column] = torch.tensor([0.5, 0.25, -0.5, 0.0])
    return maps


@pytest.mark.parametrize(
    ("factors", "score"),
    [((), 0.9526), (("coarse",), 0.9526 * 0.7311), (("coarse", "noco"), 0.9526 * 0.7311 * 0.8808)],
)
def test_inference_by_hand(factors, score):
    """The coarse box 24, 16, 32, 24 with its corners moved by 2, 1, -2 and 0 pixels.

    sigmoid(3) = .9526, sigmoid(1) = .7311, sigmoid(2) = .8808. At twice the original scale the
    box is halved.
    """
    meta = {"img_shape": (64, 64), "scale_factor": (2.0, 2.0)}
    built = head(score_factors=factors)
    (found,) = built.predict_by_feat(
        *maps_with_one_detection(), batch_img_metas=[meta], rescale=True
    )
    assert found.bboxes.tolist() == [[13, 8.5, 15, 12]]
    assert found.scores.tolist() == pytest.approx([score], abs=1e-4)
    assert found.labels.tolist() == [0]


def test_boxes_turned_inside_out_are_dropped():
    maps = maps_with_one_detection()
    maps.refine_reg[0, :, 5, 7] = torch.tensor([3.0, 0, 0, 0])
    meta = {"img_shape": (64, 64), "scale_factor": (1.0, 1.0)}
    assert len(head().predict_by_feat(*maps, batch_img_metas=[meta])[0]) == 0


def gt(*boxes):
    return InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        labels=torch.zeros(len(boxes), dtype=torch.long),
    )


def test_losses_by_hand():
    """One target 26, 17, 30, 24 on the cell above: found exactly by refining, pseudo box 4 px off.

    The pseudo box is 24, 16.5, 32, 24.5 around (28, 20.5); the coarse box 24, 16, 32, 24 overlaps
    it by 60 of 68 px, the centers are .5 apart, the hull is 8 x 8.5: DIoU loss
    1 - 60/68 + .25 / 136.25. The refine level has two positives: 31 and 25 are the ends of the
    pseudo box (25, 17.5, 31, 23.5), which holds the points x 26 and 30, y 18 and 22.
    """
    maps = maps_with_one_detection()
    built = head()
    noco = maps.noco.sigmoid()
    losses = built.loss_by_feat(*maps, batch_noco=noco, batch_gt_instances=[gt((26, 17, 30, 24))])
    assert losses["loss_coarse_bbox"].item() == pytest.approx(
        1 - 60 / 68 + 0.25 / (8**2 + 8.5**2), abs=1e-4
    )
    # Three of the four positives have no offset: their box is the coarse one, 28 of 64 px overlap,
    # centers (28, 20) and (28, 20.5), hull 8 x 8.
    assert losses["loss_refine_bbox"].item() == pytest.approx(
        3 / 4 * (1 - 28 / 64 + 0.25 / 128), abs=1e-4
    )
    assert losses["loss_noco"].item() == pytest.approx(0, abs=1e-4)


def detector_and_batch(boxes_per_image=(3, 0)):
    cfg = load(LIGHT)
    model = MODELS.build(cfg.model)
    batch = demo_mm_inputs(2, (3, 64, 64), num_items=list(boxes_per_image), num_classes=2)
    for sample in batch["data_samples"]:
        sample.gt_instances.labels -= 1
        sample.gt_sem_seg = PixelData(sem_seg=torch.rand(1, 64, 64))
    return model, batch


@pytest.mark.parametrize("boxes", [(3, 0), (0, 0)])
def test_losses_of_a_batch_reach_every_parameter(boxes):
    model, batch = detector_and_batch(boxes)
    losses = model(**model.data_preprocessor(batch, True), mode="loss")
    assert sorted(losses) == [
        "loss_coarse_bbox",
        "loss_coarse_cls",
        "loss_noco",
        "loss_refine_bbox",
        "loss_refine_cls",
    ]
    assert losses["loss_refine_cls"] > 0 and losses["loss_coarse_cls"] > 0
    assert (
        bool(losses["loss_refine_bbox"] > 0) == bool(losses["loss_coarse_bbox"] > 0) == any(boxes)
    )
    model.parse_losses(losses)[0].backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    assert not [name for name, g in gradients.items() if g is None or not g.isfinite().all()]


def noco_sample(noco, padded=(64, 64)):
    (sample,) = demo_mm_inputs(1, (3, 64, 64))["data_samples"]
    sample.set_metainfo({"batch_input_shape": padded})
    if noco is not None:
        sample.gt_sem_seg = PixelData(sem_seg=noco)
    return sample


def test_noco_targets_are_the_map_at_the_points():
    noco = torch.rand(1, 64, 64)
    assert torch.equal(noco_targets([noco_sample(noco)], (16, 16))[0], noco[:, 2::4, 2::4])


def test_wrong_noco_maps_are_named():
    with pytest.raises(ValueError, match="put GenerateNoCoMap before Pad and PackDetInputs"):
        noco_targets([noco_sample(None)], (16, 16))
    with pytest.raises(ValueError, match=r"NoCo map has \(60, 64\) pixels .* pad_seg=True"):
        noco_targets([noco_sample(torch.rand(1, 60, 64))], (16, 16))
    padded = torch.rand(1, 64, 64)
    padded[:, 60:] = 255
    with pytest.raises(ValueError, match=r"reaches 255, .* pad_val=dict\(seg=0\)"):
        noco_targets([noco_sample(padded)], (16, 16))


def test_wrong_arguments_are_named():
    for wrong in ({"strides": (8, 4)}, {"strides": (4, 8, 16)}):
        with pytest.raises(ValueError, match="strides must be a finer and a coarser one"):
            head(**wrong)
    with pytest.raises(ValueError, match="pseudo_sides must be two positive numbers"):
        head(pseudo_sides=(1.5, 0))
    with pytest.raises(ValueError, match=r"score_factors must be some of .*'centerness'"):
        head(score_factors=("centerness",))
    fine, coarse = features()
    for wrong in ((fine,), (fine, fine), (coarse, fine), (fine, coarse, coarse)):
        with pytest.raises(ValueError, match=r"strides \(4, 8\), but the neck gives maps of"):
            head()(wrong)
    # Sides that a stride does not divide: 4-px cells 9, 8-px cells 5.
    assert head()((torch.rand(1, 16, 9, 9), torch.rand(1, 16, 5, 5))).refine_cls.shape[-1] == 9


def test_a_wild_regression_gives_finite_boxes():
    built = head()
    torch.nn.init.constant_(built.layers.coarse_reg.bias, 200.0)  # exp(200) has no float
    with torch.no_grad():
        maps = built(features())
    assert maps.coarse_reg.isfinite().all() and maps.coarse_reg.max() == pytest.approx(2**14)
