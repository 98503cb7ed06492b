"""SimD against values by hand and a slow reference."""

import math

import pytest
import torch

from adla.core import simd

from .. import rival_reference as reference
from .test_distance_overlaps import SQUARE, box, random_boxes


def test_by_hand():
    # 3 px and 4 px off, sides of 8 px together: (3 m, 4 n) / 8
    assert simd(box(*SQUARE), box(3, 4, 7, 8), 1, 1).item() == pytest.approx(math.exp(-5 / 8))
    assert simd(box(*SQUARE), box(3, 0, 7, 4), 2, 1).item() == pytest.approx(math.exp(-6 / 8))
    # Twice as wide and high about the same center: (4 m, 4 n) / 12
    assert simd(box(*SQUARE), box(-2, -2, 6, 6), 3, 3).item() == pytest.approx(
        math.exp(-math.sqrt(2))
    )
    assert simd(box(*SQUARE), box(*SQUARE), 6, 5).item() == 1


def test_against_the_reference():
    a, b = random_boxes(0)[:60], random_boxes(1)[:40]
    expected = [[reference.simd(p, q, 6.5, 4.25) for q in b.tolist()] for p in a.tolist()]
    got = simd(a[:, None], b, 6.5, 4.25)
    assert torch.allclose(got, torch.tensor(expected, dtype=torch.float64), atol=1e-13, rtol=0)
    assert torch.equal(simd(b[:, None], a, 6.5, 4.25), got.T)
    single = simd(a.float()[:, None], b.float(), 6.5, 4.25)
    assert torch.allclose(single, got.float(), atol=1e-5)


def test_points_are_as_far_as_they_are():
    point = box(2, 2, 2, 2)
    assert simd(point, point, 6, 5).item() == 1
    assert 0 <= simd(box(*SQUARE), point, 6, 5).item() < 0.01


def test_gradient_also_where_boxes_are_the_same():
    a, b = random_boxes(5)[:20].requires_grad_(), random_boxes(6)[:20]
    assert torch.autograd.gradcheck(lambda x: simd(x, b, 2.0, 3.0), a)
    (gradient,) = torch.autograd.grad(simd(a, a.detach(), 2.0, 3.0).sum(), a)
    assert (gradient == 0).all()


@pytest.mark.parametrize(("m", "n", "name"), [(0, 1, "m"), (1, math.nan, "n"), (1, None, "n")])
def test_a_normalization_that_is_none(m, n, name):
    with pytest.raises(ValueError, match=rf"^{name}, the normalization .*similarity_scales\.py"):
        simd(box(*SQUARE), box(*SQUARE), m, n)
