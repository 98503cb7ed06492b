"""NWD and RFD against Gaussians handled as matrices, against values by hand and in odd places."""

import math

import pytest
import torch

from adla.core import nwd, rfd

from .. import rival_reference as reference
from .test_distance_overlaps import SQUARE, box, random_boxes

MEASURES = {
    "nwd": (lambda a, b: nwd(a, b, 7.0), lambda a, b: reference.nwd(a, b, 7.0)),
    "kld": (lambda a, b: rfd(a, b, "kld"), lambda a, b: reference.rfd(a, b, "kld")),
    "wd": (lambda a, b: rfd(a, b, "wd"), lambda a, b: reference.rfd(a, b, "wd")),
}


class TestByHand:
    def test_nwd(self):
        # 3 px and 4 px off, or sides 6 px and 8 px longer: a Wasserstein distance of 5 px
        for other in (box(3, 4, 7, 8), box(-3, -4, 7, 8)):
            assert nwd(box(*SQUARE), other, 5).item() == pytest.approx(math.exp(-1))
        assert nwd(box(*SQUARE), box(*SQUARE), 5).item() == 1

    def test_rfd_by_wasserstein_distance(self):
        assert rfd(box(*SQUARE), box(3, 4, 7, 8), "wd").item() == pytest.approx(1 / 26)

    def test_rfd_by_divergence(self):
        # Twice as wide and high: 2 (4 - 1) / 2 - 2 ln 2; half: 2 (1/4 - 1) / 2 + 2 ln 2
        twice, half = 3 - 2 * math.log(2), -0.75 + 2 * math.log(2)
        assert rfd(box(*SQUARE), box(-2, -2, 6, 6)).item() == pytest.approx(1 / (1 + twice))
        assert rfd(box(*SQUARE), box(1, 1, 3, 3)).item() == pytest.approx(1 / (1 + half))
        # A standard deviation off along x: 1 / 2
        assert rfd(box(*SQUARE), box(2, 0, 6, 4)).item() == pytest.approx(1 / 1.5)

    def test_divergence_is_the_same_at_every_scale_and_has_a_direction(self):
        a, b = random_boxes(0), random_boxes(1)
        assert torch.allclose(rfd(9 * a, 9 * b), rfd(a, b), atol=1e-12)
        assert not torch.allclose(rfd(b, a), rfd(a, b), atol=0.1)

    @pytest.mark.parametrize("constant", [0, -7.0, math.nan, math.inf, None, "7"])
    def test_a_constant_that_is_none(self, constant):
        with pytest.raises(ValueError, match=f"constant, the C of NWD .* got {constant!r}"):
            nwd(box(*SQUARE), box(*SQUARE), constant)

    def test_a_kind_that_is_none(self):
        with pytest.raises(ValueError, match="kind of RFD must be 'kld' or 'wd', but got 'jsd'"):
            rfd(box(*SQUARE), box(*SQUARE), "jsd")


@pytest.mark.parametrize("name", MEASURES)
class TestAgainstTheReference:
    def test_pairwise_and_aligned(self, name):
        measure, slow = MEASURES[name]
        a, b = random_boxes(0)[:60], random_boxes(1)[:40]
        b[0] = a[0]
        expected = [[slow(p, q) for q in b.tolist()] for p in a.tolist()]
        got = measure(a[:, None], b)
        assert torch.allclose(got, torch.tensor(expected, dtype=torch.float64), atol=1e-12, rtol=0)
        assert torch.equal(measure(a[:40], b), got[:40].diagonal())
        assert got[0, 0] == 1

    @pytest.mark.parametrize("far", [0, 1e4, 1e6])
    def test_single_precision_far_from_the_origin(self, name, far):
        measure, slow = MEASURES[name]
        a, b = ((random_boxes(seed)[:80] + far).float() for seed in (2, 3))
        a[:, 2:] += 1  # sides a float32 can hold there
        b[:, 2:] += 1
        expected = [slow(p, q) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
        assert torch.allclose(measure(a, b), torch.tensor(expected), atol=3e-6, rtol=1e-4)

    def test_low_precision_counts_in_float32(self, name):
        measure, _ = MEASURES[name]
        a, b = box(0, 0, 512, 512, dtype=torch.float16), box(8, 8, 520, 520, dtype=torch.float16)
        assert torch.equal(measure(a, b), measure(a.float(), b.float()))
        assert measure(a, b).dtype == torch.float32

    def test_nothing_in_nothing_out(self, name):
        measure, _ = MEASURES[name]
        assert measure(torch.zeros(0, 1, 4), torch.zeros(3, 4)).shape == (0, 3)

    def test_wrong_shape_is_named(self, name):
        with pytest.raises(ValueError, match=r"\(\.\.\., 4\).*\(3, 5\)"):
            MEASURES[name][0](torch.zeros(3, 4), torch.zeros(3, 5))

    def test_never_above_one_nor_nan_on_boxes_that_are_almost_the_same(self, name):
        a = random_boxes(4).float()
        values = MEASURES[name][0](a, a * (1 + 1e-7))
        assert ((values > 0.99) & (values <= 1)).all()

    @pytest.mark.parametrize("other", [(2, 2, 2, 2), (0, 2, 4, 2), (3, 3, 1, 1), (1e6, 0, 1e6, 5)])
    def test_flat_and_inverted_boxes_give_a_number(self, name, other):
        flat = box(*other, dtype=torch.float32)
        for pair in ((box(*SQUARE).float(), flat), (flat, box(*SQUARE).float())):
            value = MEASURES[name][0](*pair)
            assert 0 <= value < 1
            assert name != "kld" or value == 0


def test_nwd_has_a_gradient_also_where_boxes_are_the_same():
    a, b = random_boxes(5)[:20].requires_grad_(), random_boxes(6)[:20]
    assert torch.autograd.gradcheck(lambda x: nwd(x, b, 7.0), a)
    (gradient,) = torch.autograd.grad(nwd(a, a.detach(), 7.0).sum(), a)
    assert (gradient == 0).all()
