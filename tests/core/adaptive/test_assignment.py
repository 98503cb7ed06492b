"""The assignment against the slow reference, and its properties."""

import math
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adla.core import AssignmentRule, assign_adaptive
from adla.core.pair_search import forced_rounds

from ...limits import limited
from ..campaign import random_limits
from ..reference import Reference

NAN, INF = math.nan, math.inf


def as_boxes(rows):
    return torch.tensor(rows, dtype=torch.float64).reshape(-1, 4)


def random_box(rng, extent, integer):
    """A box of any kind: mostly tiny, sometimes large, far outside, or no box at all."""
    kind = rng.random()
    draw = (lambda a, b: float(rng.randint(int(a), int(b)))) if integer else rng.uniform
    if kind < 0.03:
        return rng.choice(
            [(NAN, 0, 3, 3), (0, 0, INF, 5), (4, 4, 4, 9), (9, 9, 2, 2), (0, 0, 0, 0)]
        )
    side = draw(1, 4) if kind < 0.5 else draw(2, 12) if kind < 0.9 else draw(1, 80)
    other = side * rng.choice([1, 1, 0.5, 2, 0.25]) if not integer else draw(1, 12)
    x, y = (draw(-extent, 2 * extent) if kind > 0.97 else draw(0, extent) for _ in range(2))
    return (x, y, x + side, y + other)


def random_case(rng):
    integer = rng.random() < 0.5
    extent = rng.choice([6, 16, 40])
    priors = [random_box(rng, extent, integer) for _ in range(rng.randint(0, 25))]
    gts = [random_box(rng, extent, integer) for _ in range(rng.randint(0, 7))]
    if gts and rng.random() < 0.2:
        gts.append(gts[0])  # an exact tie
    if gts and rng.random() < 0.5:  # priors that fit, so that several ground truths pass
        priors += rng.choices(gts, k=3)
    moved = [tuple(v + rng.uniform(-2, 2) for v in p) for p in priors]
    near = [rng.choice(gts) if gts and rng.random() < 0.4 else p for p in moved]
    preds = rng.choice([None, near, near, near, priors])
    regions = [random_box(rng, extent, integer) for _ in range(rng.choice([0, 0, 1, 2]))]
    t_pos_min = rng.choice([0.1, 0.1, 0.0, 0.3])
    params = {
        "metric": rng.choice(["dynamic_iou"] * 3 + ["matching_degree", "anchor_iou"]),
        "alpha": rng.choice([1.0, 0.6, 0.6, 0.2, 0.0, rng.random()]),
        "gamma": rng.choice([1.5, 1.5, 2.0, 3.0, 0.5]),
        "beta": rng.choice([None, None, 0.0, 0.4, 2.0]),
        "p_tp": rng.choice([2 / 3, 3 / 4, 4 / 5, 5 / 6]),
        "p_tn": rng.choice([2 / 3, 3 / 4, 4 / 5]),
        "t_pos_min": t_pos_min,
        "t_neg_min": t_pos_min * rng.choice([0.5, 0.5, 0, 1]),
        "adaptive_threshold": rng.random() < 0.8,
        "force_match": rng.random() < 0.3,
        "max_positives": rng.choice([None, None, 1, 2, "anchor_iou", "anchor_iou"]),
    }
    return priors, gts, preds, regions, params, rng.choice([-1, 0.3, 0.5])


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_the_reference_on_random_cases(seed, monkeypatch):
    rng = random.Random(seed)
    seen = {"positive": 0, "ignored": 0, "negative": 0, "contested": 0, "cases": 0}
    while seen["cases"] < 150:
        priors, gts, preds, regions, params, iof_thr = random_case(rng)
        reference = Reference(**params, ignore_iof_thr=iof_thr)
        inds, overlaps = reference.assign(priors, gts, preds, regions)
        # Within rounding of a threshold either answer is right, unless the numbers are exact.
        if any(0 < margin < 1e-12 for margin in reference.margins):
            continue
        monkeypatch.setattr(forced_rounds, "CHOICES", rng.choice([1, 2, 16]))
        with limited(**random_limits(rng)):
            result = assign_adaptive(
                as_boxes(priors),
                as_boxes(gts),
                AssignmentRule(**params),
                None if preds is None else as_boxes(preds),
                as_boxes(regions),
                iof_thr,
                engine=rng.choice(["dense", "sparse", "auto"]),
            )
        assert result.gt_inds.tolist() == inds, params
        assert result.max_overlaps.tolist() == pytest.approx(overlaps, abs=1e-12)
        seen["cases"] += 1
        seen["positive"] += sum(i > 0 for i in inds)
        seen["ignored"] += sum(i < 0 for i in inds)
        seen["negative"] += inds.count(0)
        seen["contested"] += len(set(i for i in inds if i > 0)) > 1
    assert all(count > 20 for count in seen.values()), seen


def test_a_prior_that_passes_several_takes_the_largest_then_the_lowest():
    # The prior lies on both; T_p is .5 for the second (fits) and .34375 for the first (IoU .5).
    priors = as_boxes([(0, 0, 10, 10)])
    gts = as_boxes([(0, 0, 10, 5), (0, 0, 10, 10), (0, 0, 10, 10)])
    result = assign_adaptive(priors, gts, AssignmentRule())
    assert result.gt_inds.tolist() == [2]
    assert result.max_overlaps.tolist() == [1.0]


def test_the_largest_overlap_does_not_win_below_its_own_threshold():
    # Prior 0 has IoU .42 with the second ground truth, below its T_p of .442 (prior 1 fits it),
    # and IoU .4 with the first, above its T_p of .2499 (nothing fits it better).
    priors = as_boxes([(0, 0, 10, 10), (0, 0, 10, 4.2)])
    gts = as_boxes([(0, 6, 10, 10), (0, 0, 10, 4.2)])
    result = assign_adaptive(priors, gts, AssignmentRule())
    assert result.gt_inds.tolist() == [1, 2]
    assert result.max_overlaps.tolist() == pytest.approx([0.4, 1.0])


def test_equal_to_a_threshold_is_ignored_not_positive_and_not_negative():
    square = AssignmentRule(adaptive_threshold=False, pos_iou_thr=0.5, neg_iou_thr=0.25)
    priors = as_boxes([(0, 0, 4, 2), (0, 0, 2, 2), (0, 0, 1, 3), (0, 0, 4, 3)])  # .5 .25 .1875 .75
    result = assign_adaptive(priors, as_boxes([(0, 0, 4, 4)]), square)
    assert result.gt_inds.tolist() == [-1, -1, 0, 1]


def test_a_broken_prediction_touches_no_other_prior():
    priors = as_boxes([(0, 0, 8, 8), (4, 0, 12, 8), (30, 30, 38, 38)])
    gts = as_boxes([(1, 0, 9, 8), (28, 28, 36, 36)])
    rule = AssignmentRule(alpha=0.6)
    clean = assign_adaptive(priors, gts, rule, priors)
    for broken in ((NAN,) * 4, (-INF, 0, INF, 8), (0, 0, 1e300, 1e300), (9, 9, 1, 1)):
        preds = priors.clone()
        preds[1] = torch.tensor(broken)
        result = assign_adaptive(priors, gts, rule, preds)
        assert result.gt_inds[[0, 2]].equal(clean.gt_inds[[0, 2]])
        assert result.max_overlaps[[0, 2]].equal(clean.max_overlaps[[0, 2]])
        assert torch.isfinite(result.max_overlaps).all()


def test_force_match_gives_each_ground_truth_its_best_free_prior():
    # Two 1 px objects in one 8 px anchor (IoU 1/64 each), a second anchor that overlaps one.
    priors = as_boxes([(0, 0, 8, 8), (4, 0, 13, 9)])
    gts = as_boxes([(5, 5, 6, 6), (5, 5, 6, 6), (50, 50, 51, 51)])
    assert assign_adaptive(priors, gts, AssignmentRule()).gt_inds.tolist() == [0, 0]
    forced = assign_adaptive(priors, gts, AssignmentRule(force_match=True))
    assert forced.gt_inds.tolist() == [1, 2]  # the tie goes to the first, the loser chooses again
    assert forced.max_overlaps.tolist() == pytest.approx([1 / 64, 1 / 81])


def test_an_object_keeps_its_best_positives_and_the_others_are_ignored():
    # IoU .8, 1, .9 and again .9 with the object: all above its T_p of .5.
    priors = as_boxes([(0, 0, 10, 8), (0, 0, 10, 10), (0, 0, 10, 9), (0, 1, 10, 10)])
    found = {
        count: assign_adaptive(
            priors, as_boxes([(0, 0, 10, 10)]), AssignmentRule(max_positives=count)
        ).gt_inds.tolist()
        for count in (None, 4, 3, 2, 1)
    }
    assert found == {
        None: [1, 1, 1, 1],
        4: [1, 1, 1, 1],
        3: [-1, 1, 1, 1],
        2: [-1, 1, 1, -1],
        1: [-1, 1, -1, -1],
    }


def test_the_anchors_say_how_many_and_the_dynamic_iou_says_which():
    # Above .5 the anchors of the first object are two, those of the second none.
    heights = (10, 8, 4, 3)
    priors = as_boxes([(0, 0, 10, h) for h in heights] + [(40, 0, 50, 1), (40, 0, 50, 2)])
    gts = as_boxes([(0, 0, 10, 10), (40, 0, 50, 10)])
    preds = priors.clone()
    preds[1:4] = as_boxes([(0, 0, 10, 9), (0, 0, 10, 10), (0, 0, 10, 9.5)])
    preds[4:] = as_boxes([(40, 0, 50, 10), (40, 0, 50, 10)])

    def found(bound, pred_boxes=preds):
        rule = AssignmentRule(
            alpha=0.1, beta=0, adaptive_threshold=False, pos_iou_thr=0.5, max_positives=bound
        )
        return assign_adaptive(priors, gts, rule, pred_boxes).gt_inds.tolist()

    assert found(None) == [1, 1, 1, 1, 2, 2]
    assert found("anchor_iou") == [1, -1, 1, -1, -1, 2]
    assert found("anchor_iou", None) == found(None, None) == [1, 1, -1, 0, 0, 0]


@pytest.mark.parametrize("num_priors", [0, 3])
@pytest.mark.parametrize("num_gts", [0, 2])
@pytest.mark.parametrize("force_match", [False, True])
def test_empty_inputs(num_priors, num_gts, force_match):
    priors = as_boxes([(100, 100, 101, 101)] * num_priors)
    gts = as_boxes([(0, 0, 4, 4)] * num_gts)
    rule = AssignmentRule(alpha=0.6, force_match=force_match)
    result = assign_adaptive(priors, gts, rule, priors, as_boxes([]), 0.5)
    assert result.gt_inds.tolist() == [0] * num_priors
    assert result.max_overlaps.tolist() == [0] * num_priors


def test_ignore_regions_take_their_priors_out_of_iou_max():
    # The fitting prior lies in the region; the threshold then follows the other one (IoU .5).
    priors = as_boxes([(0, 0, 8, 8), (0, 0, 8, 4)])
    gts = as_boxes([(0, 0, 8, 8)])
    free = assign_adaptive(priors, gts, AssignmentRule())
    assert free.gt_inds.tolist() == [1, -1]
    region = as_boxes([(0, 3, 8, 8)])  # covers 5/8 of the first, 1/4 of the second
    ignoring = assign_adaptive(priors, gts, AssignmentRule(), None, region, 0.5)
    assert ignoring.gt_inds.tolist() == [-1, 1]
    assert ignoring.max_overlaps.tolist() == [-1, 0.5]


coordinate = st.integers(0, 12)
integer_boxes = st.lists(
    st.tuples(coordinate, coordinate, st.integers(1, 8), st.integers(1, 8)).map(
        lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=150)
@given(priors=integer_boxes, gts=integer_boxes, data=st.data(), alpha=st.floats(0, 1))
def test_order_of_priors_and_ground_truths(priors, gts, data, alpha):
    preds = data.draw(st.permutations(priors))
    rule = AssignmentRule(alpha=alpha)
    base = assign_adaptive(as_boxes(priors), as_boxes(gts), rule, as_boxes(preds))

    order = data.draw(st.permutations(range(len(priors))))
    permuted = assign_adaptive(
        as_boxes([priors[i] for i in order]),
        as_boxes(gts),
        rule,
        as_boxes([preds[i] for i in order]),
    )
    assert permuted.gt_inds.tolist() == [base.gt_inds[i].item() for i in order]

    gt_order = data.draw(st.permutations(range(len(gts))))
    turned = assign_adaptive(
        as_boxes(priors), as_boxes([gts[i] for i in gt_order]), rule, as_boxes(preds)
    )
    assert (turned.gt_inds > 0).equal(base.gt_inds > 0)
    assert turned.max_overlaps.equal(base.max_overlaps)  # so only exact ties can change hands
    assert (turned.gt_inds < 0).equal(base.gt_inds < 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_is_computed_in_float32(dtype):
    # Coordinates that both types hold exactly; in float16 the areas would overflow.
    priors = torch.tensor([[0, 0, 512, 512], [512, 0, 768, 256.0]])
    gts = torch.tensor([[0, 0, 512, 480.0], [512, 0, 768, 224]])
    expected = assign_adaptive(priors, gts, AssignmentRule(alpha=0.6), priors)
    got = assign_adaptive(
        priors.to(dtype), gts.to(dtype), AssignmentRule(alpha=0.6), priors.to(dtype)
    )
    assert got.gt_inds.equal(expected.gt_inds) and expected.gt_inds.tolist() == [1, 2]
    assert got.max_overlaps.dtype == torch.float32
    assert got.max_overlaps.equal(expected.max_overlaps)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"metric": "giou"}, "metric must be one of dynamic_iou, .*'giou'"),
        ({"alpha": 1.5}, r"alpha must be in \[0, 1\].*1.5"),
        ({"gamma": 0}, "gamma must be above 0.*0"),
        ({"beta": -1}, "beta must be None or at least 0.*-1"),
        ({"p_tp": 0.4}, r"p_tp must be in \[0.5, 1\]"),
        ({"p_tn": 4}, r"p_tn must be in \[0.5, 1\]"),
        ({"t_pos_min": 1}, r"t_pos_min must be in \[0, 1\)"),
        ({"t_neg_min": 0.2}, r"t_neg_min must be in \[0, t_pos_min=0.1\]"),
        ({"max_positives": 0}, "max_positives must be None, 'anchor_iou' or a count .*, but got 0"),
        ({"max_positives": "anchors"}, "max_positives must be None, .* but got 'anchors'"),
        ({"neg_iou_thr": 0.7}, r"neg_iou_thr must be in \[0, pos_iou_thr=0.5\]"),
    ],
)
def test_values_without_meaning_are_named(bad, message):
    with pytest.raises(ValueError, match=message):
        AssignmentRule(**bad)


def test_predictions_of_other_priors_are_refused():
    with pytest.raises(ValueError, match="2 priors but 1 predicted"):
        assign_adaptive(torch.zeros(2, 4), torch.zeros(1, 4), AssignmentRule(), torch.zeros(1, 4))
