"""Every equation of the ADLA paper against values worked out by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adla.core import (
    adaptive_thresholds,
    alpha_at,
    dynamic_iou,
    matching_degree,
    pairwise_iof,
    pairwise_iou,
)
from adla.core.boxes import clean_boxes, size_bin_indices

UNIT = st.floats(0, 1)


def boxes(*rows):
    return torch.tensor(rows, dtype=torch.float64).reshape(-1, 4)


def scalar(value):
    return torch.tensor([value], dtype=torch.float64)


class TestOverlaps:
    # (a, b, intersection over union, intersection over the area of a)
    CASES = (
        ((0, 0, 4, 4), (0, 0, 4, 4), 1.0, 1.0),
        ((0, 0, 4, 4), (2, 0, 6, 4), 8 / 24, 0.5),
        ((0, 0, 4, 4), (1, 1, 3, 3), 4 / 16, 0.25),
        ((1, 1, 3, 3), (0, 0, 4, 4), 4 / 16, 1.0),
        ((0, 0, 4, 4), (4, 0, 8, 4), 0.0, 0.0),  # an edge in common is no overlap
        ((0, 0, 0.001, 0.001), (0, 0, 0.001, 0.002), 0.5, 1.0),  # no epsilon in the way
        ((0, 0, 4, 4), (3, 3, 1, 1), 0.0, 0.0),  # inverted
        ((2, 0, 2, 4), (0, 0, 4, 4), 0.0, 0.0),  # no width
        ((0, 0, 4, 4), (math.nan, 0, 4, 4), 0.0, 0.0),
        ((0, 0, 4, 4), (0, 0, math.inf, 4), 0.0, 0.0),
        ((0, 0, 4, 4), (-1e308, -1e308, 1e308, 1e308), 0.0, 0.0),  # an area beyond float64
    )

    @pytest.mark.parametrize(("a", "b", "iou", "iof"), CASES)
    def test_by_hand(self, a, b, iou, iof):
        a, b = clean_boxes(boxes(a)), clean_boxes(boxes(b))
        assert pairwise_iou(a, b).item() == pytest.approx(iou, abs=1e-15)
        assert pairwise_iof(a, b).item() == pytest.approx(iof, abs=1e-15)

    def test_shape_and_broken_neighbors(self):
        a = clean_boxes(boxes((0, 0, 2, 2), (math.nan,) * 4, (0, 0, 1, 1)))
        b = clean_boxes(boxes((0, 0, 2, 2), (0, 0, -math.inf, 1)))
        expected = [[1, 0], [0, 0], [0.25, 0]]
        assert pairwise_iou(a, b).tolist() == expected

    def test_low_precision_becomes_float32(self):
        for dtype in (torch.float16, torch.bfloat16, torch.int64):
            assert clean_boxes(torch.tensor([[0, 0, 2, 2]], dtype=dtype)).dtype == torch.float32

    def test_wrong_shape_is_named(self):
        with pytest.raises(ValueError, match=r"\(N, 4\).*\(3, 5\)"):
            clean_boxes(torch.zeros(3, 5))


def test_size_bins_count_the_border_in_the_lower_bin():
    sides = torch.tensor([0.5, 8, 8.01, 16, 16.01, 32, 32.01, 500])
    squares = torch.stack([sides * 0, sides * 0, sides, sides], dim=1)
    assert size_bin_indices(squares).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


class TestThresholds:
    # IoU_max, width, height, p_tp, p_tn -> T_p, T_n; the arithmetic by hand in the last column
    CASES = (
        (1.0, 8, 8, 3 / 4, 4 / 5, 0.5, 0.4),  # 1 * 2/4 * 1; .5 * 4/5
        (0.5, 8, 8, 3 / 4, 4 / 5, 0.34375, 0.2578125),  # .5 * 2.75/4; * 3.75/5
        (0.5, 2, 8, 3 / 4, 4 / 5, 0.2921875, 0.219140625),  # mp = 4.25/5 = .85
        (0.5, 8, 2, 3 / 4, 4 / 5, 0.2921875, 0.219140625),  # lying or standing
        (0.8, 10, 5, 3 / 4, 4 / 5, 0.42480, 0.3364416),  # .8 * 2.36/4 * .9; * 3.96/5
        (0.1, 4, 4, 3 / 4, 4 / 5, 0.1, 0.05),  # .07475 and .0476905: both at the lower bound
        (0.15, 4, 4, 3 / 4, 4 / 5, 0.11165625, 0.0731906719),  # .15 * 2.9775/4; * 3.2775/5
        (0.0, 4, 4, 3 / 4, 4 / 5, 0.1, 0.05),
        (0.5, 8, 8, 2 / 3, 5 / 6, 0.2916666667, 0.2309027778),  # .5 * 1.75/3; * 4.75/6
        (0.5, 8, 8, 5 / 6, 2 / 3, 0.3958333333, 0.2309027778),  # .5 * 4.75/6; * 1.75/3
        (0.5, 0, 0, 3 / 4, 4 / 5, 0.275, 0.20625),  # no box: the shape factor is 4/5
    )

    @pytest.mark.parametrize(("x", "w", "h", "p_tp", "p_tn", "t_pos", "t_neg"), CASES)
    def test_by_hand(self, x, w, h, p_tp, p_tn, t_pos, t_neg):
        got = adaptive_thresholds(scalar(x), boxes((5, 5, 5 + w, 5 + h)), p_tp, p_tn)
        assert torch.cat(got).tolist() == pytest.approx([t_pos, t_neg], rel=1e-8)

    @given(
        x=UNIT,
        w=st.floats(0.1, 500),
        h=st.floats(0.1, 500),
        p=st.tuples(st.floats(0.5, 1), st.floats(0.5, 1)),
        floors=st.tuples(st.floats(0, 0.9), UNIT),
    )
    def test_negative_never_above_positive(self, x, w, h, p, floors):
        t_pos_min, t_neg_min = floors[0], floors[0] * floors[1]
        t_pos, t_neg = adaptive_thresholds(
            torch.tensor([x]), torch.tensor([[0, 0, w, h]]), *p, t_pos_min, t_neg_min
        )
        assert 0 <= t_neg.item() <= t_pos.item()
        assert t_pos.item() >= torch.tensor(t_pos_min).item()


class TestDynamicIoU:
    # A, R, alpha, gamma, beta -> D
    CASES = (
        (0.3, 0.9, 1.0, 1.5, None, 0.3),  # alpha 1 is the anchor alone
        (0.4, 0.4, 0.6, 1.5, None, 0.4),  # no change, no penalty
        (0.2, 0.36, 0.6, 1.5, None, 0.2384),  # .12 + .144 - .4 * .064
        (0.36, 0.2, 0.6, 1.5, None, 0.2704),  # .216 + .08 - .4 * .064: the penalty has no sign
        (0.05, 0.49, 0.6, 1.5, None, 0.1092548),  # .03 + .196 - .4 * .44^1.5: near the peak
        (0.05, 1.0, 0.6, 1.5, None, 0.0596218),  # .03 + .4 - .4 * .95^1.5: and down again
        (0.2, 0.7, 0.5, 2.0, None, 0.325),  # .1 + .35 - .5 * .25
        (0.2, 0.7, 0.5, 2.0, 0.2, 0.4),  # .45 - .2 * .25
        (0.1, 0.5, 0.2, 3.0, None, 0.3688),  # .02 + .4 - .8 * .064
        (1.0, 0.0, 0.2, 1.5, None, 0.0),  # .2 - .8 = -.6, bounded
    )

    @pytest.mark.parametrize(("a", "r", "alpha", "gamma", "beta", "expected"), CASES)
    def test_by_hand(self, a, r, alpha, gamma, beta, expected):
        d = dynamic_iou(scalar(a), scalar(r), alpha, gamma, beta)
        assert d.item() == pytest.approx(expected, abs=1e-7)

    def test_matching_degree_by_hand(self):
        # .6 * .2 + .4 * .36 - .16^1.5 = .264 - .064: below the anchor's own .2 plus its gain
        a, r = scalar(0.2), scalar(0.36)
        assert matching_degree(a, r, 0.6, 1.5).item() == pytest.approx(0.2)
        # At alpha = 1 the penalty is still there.
        assert matching_degree(a, r, 1.0, 1.5).item() == pytest.approx(0.2 - 0.064)

    @pytest.mark.parametrize("gamma", [0.5, 1, 1.5, 2, 2.5, 3, 4])
    def test_equal_overlaps_give_equal_values_wherever_they_stand(self, gamma):
        a, r = torch.full((37,), 0.25), torch.full((37,), 0.125 + 1 / 3)
        values = dynamic_iou(a, r, 0.0, gamma)
        assert (values == values[0]).all()
        expected = 0.125 + 1 / 3 - (1 / 3 - 0.125) ** gamma
        assert values[0].item() == pytest.approx(max(expected, 0), abs=1e-6)

    def test_the_inputs_stay_as_they_are(self):
        a, r = torch.tensor([0.2]), torch.tensor([0.7])
        dynamic_iou(a, r, 0.5)
        assert (a.item(), r.item()) == (pytest.approx(0.2), pytest.approx(0.7))

    @given(a=UNIT, r=UNIT, alpha=UNIT, gamma=st.floats(1, 3))
    def test_in_range_and_gain_never_below_the_anchor(self, a, r, alpha, gamma):
        d = dynamic_iou(scalar(a), scalar(r), alpha, gamma).item()
        assert 0 <= d <= 1
        if r >= a:  # the claim of Fig. 6(b), true for gamma >= 1
            assert d >= a - 1e-12


class TestSchedule:
    CASES = (
        (0.0, 0.6, 1.0),
        (0.1, 0.6, 1.0),
        (0.2, 0.6, 0.9),
        (0.3, 0.6, 0.8),
        (0.5, 0.6, 0.6),
        (0.75, 0.6, 0.6),
        (1.0, 0.6, 0.6),
        (0.4, 0.2, 0.4),
        (0.3, 1.0, 1.0),
        (1.0, 0.0, 0.0),
    )

    @pytest.mark.parametrize(("progress", "alpha0", "expected"), CASES)
    def test_by_hand(self, progress, alpha0, expected):
        assert alpha_at(progress, alpha0) == pytest.approx(expected, abs=1e-12)

    def test_another_decay(self):
        alphas = [alpha_at(p, 0.3, (0.1, 0.3)) for p in (0.1, 0.2, 0.3, 0.5)]
        assert alphas == pytest.approx([1, 0.65, 0.3, 0.3], abs=1e-12)

    @pytest.mark.parametrize("decay", [(0.3, 0.3), (0.5, 0.1), (-0.1, 0.5), (0.1, 1.1), (0.1,)])
    def test_a_decay_that_is_none(self, decay):
        with pytest.raises(ValueError, match=r"0 <= start < end <= 1, but got \("):
            alpha_at(0.2, 0.6, decay)

    @pytest.mark.parametrize("alpha0", [i / 100 for i in range(101)])
    def test_the_ends_are_exact(self, alpha0):
        assert (alpha_at(0, alpha0), alpha_at(0.5, alpha0)) == (1.0, alpha0)

    @pytest.mark.parametrize("progress", [-0.01, 1.01, math.nan])
    def test_outside_is_refused(self, progress):
        with pytest.raises(ValueError, match=r"progress must be in \[0, 1\]"):
            alpha_at(progress)
