import numpy as np
import pytest
import torch
from mmdet.models.task_modules.prior_generators import (
    AnchorGenerator,
    MlvlPointGenerator,
    YOLOAnchorGenerator,
    anchor_inside_flags,
)

from adla.core import dynamic_iou, pairwise_iou
from adla.dataset_check.assigner_coverage import least_iou, lift_limit
from adla.dataset_check.matching import assigner_memory, best_anchor_iou, has_point, match
from adla.dataset_check.priors import Priors, config_priors, levels_of, point_priors

WIDTH, HEIGHT = 100, 64
RETINA = dict(
    type="RetinaHead",
    num_classes=1,
    in_channels=8,
    feat_channels=8,
    anchor_generator=dict(
        type="AnchorGenerator",
        octave_base_scale=1,
        scales_per_octave=3,
        ratios=[0.5, 1.0, 2.0],
        strides=[4, 8, 16],
    ),
)


def random_boxes(count: int) -> np.ndarray:
    """Boxes of 1 to 40 px, some on the border and across it."""
    rng = np.random.default_rng(1)
    corner = rng.uniform(-10, 100, (count, 2))
    return np.concatenate([corner, corner + np.exp(rng.uniform(0, 3.7, (count, 2)))], axis=1)


def canvases(count: int) -> np.ndarray:
    return np.tile([WIDTH, HEIGHT], (count, 1)).astype(float)


def grid(generator):
    sizes = [(-(-HEIGHT // s[1]), -(-WIDTH // s[0])) for s in generator.strides]
    return generator.grid_priors(sizes, dtype=torch.float64, device="cpu")


@pytest.mark.parametrize("border", [-1, 0, 5])
@pytest.mark.parametrize(
    "generator",
    [
        AnchorGenerator([4, 8, 16], ratios=[0.5, 1, 2], octave_base_scale=1, scales_per_octave=3),
        AnchorGenerator([(8, 4)], ratios=[1.0], scales=[2], center_offset=0.5),
        YOLOAnchorGenerator([16, 8], [[(30, 61), (20, 20)], [(10, 13), (7, 5)]]),
    ],
    ids=["retina", "offset", "yolo"],
)
def test_best_iou_is_that_of_the_whole_grid(generator, border):
    boxes = random_boxes(400)
    anchors = torch.cat(grid(generator))
    valid = torch.ones(len(anchors), dtype=torch.bool)
    anchors = anchors[anchor_inside_flags(anchors, valid, (HEIGHT, WIDTH), border)]
    expected = pairwise_iou(torch.from_numpy(boxes), anchors).amax(dim=1).numpy()
    priors = Priors("x", levels_of(generator), allowed_border=border)
    assert expected.min() == 0 and expected.max() > 0.5
    np.testing.assert_allclose(best_anchor_iou(boxes, canvases(400), priors), expected, atol=1e-12)


@pytest.mark.parametrize("offset", [0, 0.5])
def test_grid_points_are_those_of_mmdet(offset):
    boxes = np.concatenate([random_boxes(400), random_boxes(400).round()])
    generator = MlvlPointGenerator([4, 8, 16], offset)
    anchors = dict(type="MlvlPointGenerator", offset=offset, strides=[4, 8, 16])
    model = dict(bbox_head=dict(type="RTMDetHead", anchor_generator=anchors))
    for level, points in zip(config_priors(model).levels, grid(generator), strict=True):
        inside = (points[None] > torch.from_numpy(boxes[:, None, :2])) & (
            points[None] < torch.from_numpy(boxes[:, None, 2:])
        )
        expected = inside.all(-1).any(-1).numpy()
        assert 0 < expected.sum() < len(boxes)
        np.testing.assert_array_equal(has_point(boxes, canvases(800), level), expected)


def test_count_is_that_of_the_grid():
    model = dict(bbox_head=RETINA)
    generator = AnchorGenerator(
        [4, 8, 16], ratios=[0.5, 1, 2], octave_base_scale=1, scales_per_octave=3
    )
    expected = sum(map(len, grid(generator)))
    assert config_priors(model).count(np.array([[WIDTH, HEIGHT]])) == [expected]


@pytest.mark.parametrize(
    ("model", "strides", "per_cell"),
    [
        (dict(bbox_head=RETINA), [4, 8, 16], 9),
        (dict(rpn_head=RETINA, bbox_head=None), [4, 8, 16], 9),
        (dict(detector=dict(bbox_head=RETINA)), [4, 8, 16], 9),
        (dict(bbox_head=dict(type="FCOSHead", num_classes=1, in_channels=8, feat_channels=32)),
         [4, 8, 16, 32, 64], 1),
        (dict(bbox_head=dict(type="RetinaHead", num_classes=1, in_channels=8, feat_channels=8)),
         [8, 16, 32, 64, 128], 9),
    ],
    ids=["head", "rpn", "semi-supervised", "point head as it is", "anchor head as it is"],
)  # fmt: skip
def test_priors_of_a_config(model, strides, per_cell):
    levels = config_priors(model).levels
    assert [level.stride[0] for level in levels] == strides
    assert {level.priors_per_cell for level in levels} == {per_cell}


def test_a_head_without_grid_has_no_priors():
    loss = dict(type="CrossEntropyLoss", bg_cls_weight=0.1, class_weight=1.0)
    head = dict(type="DETRHead", num_classes=1, embed_dims=8, loss_cls=loss)
    assert config_priors(dict(bbox_head=head)) is None
    assert loss["class_weight"] == 1.0  # the head would write a tensor there
    assert config_priors(dict(type="FCOS")) is None


def test_a_head_that_cannot_be_built_is_named():
    with pytest.raises(ValueError, match=r"model\.bbox_head cannot be built.*NoHead"):
        config_priors(dict(bbox_head=dict(type="NoHead")))


@pytest.mark.parametrize("strides", [[], [4, 0], [-8]])
def test_strides_must_be_positive(strides):
    with pytest.raises(ValueError, match="strides must be positive"):
        point_priors(strides)


def test_lift_limit_is_that_of_the_paper_and_what_dynamic_iou_reaches():
    limit = lift_limit({})
    assert limit == pytest.approx(0.1 - 0.4 * (4 / 9 - 8 / 27), abs=2e-6)
    regressed = torch.linspace(0, 1, 4001, dtype=torch.float64)
    for anchor, reached in ((limit - 1e-4, False), (limit + 1e-4, True)):
        value = dynamic_iou(torch.full_like(regressed, anchor), regressed, 0.6).max()
        assert (value > 0.1) == reached
    assert lift_limit(dict(metric="anchor_iou")) == 0.1
    assert lift_limit(dict(t_pos_min=0.02)) < 1e-5


@pytest.mark.parametrize(
    ("assigner", "least", "words"),
    [
        (dict(type="AdaptiveDynamicAssigner"), lift_limit({}), "predictions can lift it"),
        (dict(type="AdaptiveDynamicAssigner", metric="anchor_iou"), 0.1, "more than IoU 0.1"),
        (dict(type="AdaptiveDynamicAssigner", force_match=True), 0, "best one is forced"),
        (dict(type="AdaptiveDynamicAssigner", adaptive_threshold=False), 0.5, "IoU 0.5"),
        (dict(type="MaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.4), 0, "any overlap"),
        (dict(type="MaxIoUAssigner", pos_iou_thr=0.7, min_pos_iou=0.3), 0.3, "below 0.7"),
        (dict(type="MaxIoUAssigner", pos_iou_thr=0.7, match_low_quality=False), 0.7, "IoU 0.7"),
    ],
)
def test_what_an_assigner_needs(assigner, least, words):
    value, text = least_iou(assigner)
    assert value == pytest.approx(least) and words in text


def test_an_assigner_by_centers_asks_for_a_point():
    assert least_iou(dict(type="ATSSAssigner", topk=9)) is None
    priors = config_priors(
        dict(bbox_head=RETINA, train_cfg=dict(assigner=dict(type="ATSSAssigner", topk=9)))
    )
    # Between the centers of anchors at 4, 8, ...: a fine anchor, but no center inside.
    matching = match(np.array([[4.5, 4.5, 7.5, 7.5]]), canvases(1), priors)
    assert matching.matched == 0 and matching.iou_median > 0.1
    assert matching.no_point == {"4": 1, "8": 1, "16": 1} and matching.no_point_at_all == 1


@pytest.mark.parametrize(
    ("assigner", "matched"),
    [
        (dict(type="TaskAlignedAssigner", topk=13), 1),
        (dict(type="MSLAAssigner", scale=7.0), 2),
        (dict(type="MSLAAssigner", scale=7.0, force_match=False), 2),
        (dict(type="MSLAAssigner", metrics="ciou", force_match=False), 1),
        (dict(type="SimOTAAssigner"), 2),
    ],
)
def test_some_assigners_serve_objects_without_a_point(assigner, matched):
    priors = point_priors([8])
    priors.assigner = assigner
    boxes = np.array([[3, 3, 5, 5], [5, 5, 7, 7]], float)
    matching = match(boxes, canvases(2), priors)
    assert (matching.no_point_at_all, matching.matched) == (1, matched)


@pytest.mark.parametrize(
    ("forced", "words"), [(True, "the best prior is forced"), (False, "is not the IoU")]
)
def test_another_measure_than_the_iou_is_not_judged_by_it(forced, words):
    nwd = dict(type="NWDOverlaps2D", constant=1.0)
    assigner = dict(type="AdaptiveDynamicAssigner", iou_calculator=nwd, force_match=forced)
    assert least_iou(assigner) is None
    priors = config_priors(dict(bbox_head=RETINA, train_cfg=dict(assigner=assigner)))
    matching = match(np.array([[0, 0, 0.5, 0.5]]), canvases(1), priors)
    assert matching.matched == 1 and words in matching.criterion


def test_counts_of_a_matching():
    priors = config_priors(
        dict(bbox_head=RETINA, train_cfg=dict(assigner=dict(type="AdaptiveDynamicAssigner")))
    )
    # The smallest anchor has 4 px: 16 px^2. A box inside it of 1 has IoU 1/16, of 0.25 1/64.
    boxes = np.array([[-2, -2, 2, 2], [0, 0, 1, 1], [0, 0, 0.5, 0.5]], float)
    matching = match(boxes, canvases(3), priors)
    assert (matching.not_above_t_pos_min, matching.below_t_lift, matching.matched) == (2, 1, 2)
    assert matching.pos_iou_thr is None
    warnings = matching.warnings(3)
    assert "1 of 3 objects get no positive" in warnings[0] and len(warnings) == 3


def test_a_perfect_match_warns_of_nothing():
    priors = config_priors(dict(bbox_head=RETINA))
    assert match(np.array([[2, 2, 6, 6]], float), canvases(1), priors).warnings(1) == []


def test_memory_is_as_mmdet_documents():
    # 512 ground truths x 400,000 priors: documented as 2 x 3516 MiB in float32.
    assert assigner_memory(400_000, 512) * 1e9 / 2**20 == pytest.approx(2 * 3516, rel=1e-3)
