"""DIoU, CIoU and DotD against values by hand, a slow reference and their own gradients."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adla.core import ciou, diou, dotd, iou

from .. import overlap_reference as reference

SQUARE = (0, 0, 4, 4)
MEASURES = {
    "iou": (iou, reference.iou),
    "diou": (diou, reference.diou),
    "ciou": (ciou, reference.ciou),
    "dotd": (lambda a, b: dotd(a, b, 7.0), lambda a, b: reference.dotd(a, b, 7.0)),
}
SIZES = st.floats(0, 1e6, width=32)
BOXES = st.tuples(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32), SIZES, SIZES).map(
    lambda xywh: (xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3])
)


def box(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype)


class TestByHand:
    # a, b -> IoU, rho^2 / c^2
    CASES = (
        (SQUARE, SQUARE, 1, 0),
        (SQUARE, (2, 0, 6, 4), 8 / 24, 4 / (36 + 16)),
        (SQUARE, (1, 1, 3, 3), 4 / 16, 0),
        (SQUARE, (4, 0, 8, 4), 0, 16 / (64 + 16)),
        (SQUARE, (12, 12, 16, 16), 0, 144 * 2 / (256 * 2)),
        (SQUARE, (2, 2, 2, 2), 0, 0),  # a point in the middle
        ((3, 3, 3, 3), (3, 3, 3, 3), 0, 0),  # two points
        ((3, 3, 3, 3), (6, 7, 6, 7), 0, 1),
        (SQUARE, (3, 3, 1, 1), 0, 0),  # inverted, its center in the middle
    )

    @pytest.mark.parametrize(("a", "b", "overlap", "penalty"), CASES)
    def test_diou(self, a, b, overlap, penalty):
        assert iou(box(*a), box(*b)).item() == pytest.approx(overlap, abs=1e-15)
        assert diou(box(*a), box(*b)).item() == pytest.approx(overlap - penalty, abs=1e-15)

    # a, b -> IoU, v; centers coincide
    SHAPES = (
        (SQUARE, SQUARE, 1, 0),
        (SQUARE, (1, 1, 3, 3), 1 / 4, 0),
        ((0, 0, 2, 8), (-3, 3, 5, 5), 4 / 28, 0.4734),  # (4/pi^2) (2 atan 4 - pi/2)^2
        (SQUARE, (0, 2, 4, 2), 0, 0.25),  # a flat box: (4/pi^2) (pi/4)^2
    )

    @pytest.mark.parametrize(("a", "b", "overlap", "v"), SHAPES)
    def test_ciou(self, a, b, overlap, v):
        expected = overlap - (v * v / (1 - overlap + v) if v else 0)
        assert ciou(box(*a), box(*b)).item() == pytest.approx(expected, abs=1e-4)

    def test_dotd(self):
        away = box(3, 4, 7, 8)  # 5 pixels off
        assert dotd(box(*SQUARE), away, 5).item() == pytest.approx(math.exp(-1))
        assert dotd(box(*SQUARE), away, 10).item() == pytest.approx(math.exp(-0.5))
        assert dotd(box(*SQUARE), box(1, 1, 3, 3), 5).item() == 1

    @pytest.mark.parametrize("scale", [0, -7.0, math.nan, math.inf, None, "7"])
    def test_a_scale_that_is_none(self, scale):
        with pytest.raises(ValueError, match=f"scale, the S of .* got {scale!r}"):
            dotd(box(*SQUARE), box(*SQUARE), scale)


def random_boxes(seed, count=200):
    generator = torch.Generator().manual_seed(seed)
    xy = torch.rand(count, 2, generator=generator, dtype=torch.float64) * 20
    return torch.cat(
        [xy, xy + torch.rand(count, 2, generator=generator, dtype=torch.float64) * 15], 1
    )


@pytest.mark.parametrize("name", MEASURES)
class TestAgainstTheReference:
    def test_pairwise_and_aligned(self, name):
        measure, slow = MEASURES[name]
        a, b = random_boxes(0), random_boxes(1)[:50]
        b[0], b[1, 2:], b[2] = a[0], b[1, :2], torch.tensor([9.0, 9, 5, 5])
        expected = [[slow(p, q) for q in b.tolist()] for p in a.tolist()]
        got = measure(a[:, None], b)
        assert torch.allclose(got, torch.tensor(expected, dtype=torch.float64), atol=1e-13, rtol=0)
        assert torch.equal(measure(a[:50], b), got.diagonal())
        assert torch.allclose(measure(b[:, None], a), got.T, atol=1e-14, rtol=0)

    @pytest.mark.parametrize("far", [0, 1e4, 1e6, 1e8])
    def test_single_precision_far_from_the_origin(self, name, far):
        measure, slow = MEASURES[name]
        a = (random_boxes(2) + far).float()
        b = (random_boxes(3) + far).float()
        expected = [slow(p, q) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
        assert torch.allclose(measure(a, b), torch.tensor(expected), atol=3e-6, rtol=0)

    def test_low_precision_counts_in_float32(self, name):
        measure, _ = MEASURES[name]
        for dtype in (torch.float16, torch.bfloat16, torch.int64):
            # Squares of these sides are beyond float16.
            a, b = box(0, 0, 512, 512, dtype=dtype), box(8, 8, 520, 520, dtype=dtype)
            assert measure(a, b).dtype == torch.float32
            assert torch.equal(measure(a, b), measure(a.float(), b.float()))
        assert measure(a, b.double()).dtype == torch.float64

    def test_nothing_in_nothing_out(self, name):
        measure, _ = MEASURES[name]
        none = torch.zeros(0, 4)
        assert measure(none, none).shape == (0,)
        assert measure(none[:, None], torch.zeros(3, 4)).shape == (0, 3)

    def test_wrong_shape_is_named(self, name):
        with pytest.raises(ValueError, match=r"\(\.\.\., 4\).*\(3, 5\)"):
            MEASURES[name][0](torch.zeros(3, 4), torch.zeros(3, 5))

    @given(a=BOXES, b=BOXES)
    def test_finite_and_in_range(self, name, a, b):
        value = MEASURES[name][0](box(*a, dtype=torch.float32), box(*b, dtype=torch.float32))
        assert {"iou": 0, "diou": -1, "ciou": -2, "dotd": 0}[name] <= value.item() <= 1


class TestGradients:
    """Where a loss would use them: against differences, away from kinks."""

    TARGET = box((2, 2, 9, 8), (0, 0, 4, 4), (20, 20, 25, 28), (1, 0, 3, 9))
    PREDICTED = box((3.1, 1.3, 8.2, 9.4), (1, 1.5, 3.4, 2.5), (0.3, 0.7, 5, 6), (0, 4, 8, 6.5))

    @pytest.mark.parametrize("name", ["iou", "diou", "dotd"])
    def test_numerically(self, name):
        measure, _ = MEASURES[name]
        a, b = self.PREDICTED.clone().requires_grad_(), self.TARGET.clone().requires_grad_()
        assert torch.autograd.gradcheck(measure, (a, b))
        assert torch.autograd.gradgradcheck(measure, (a, b))

    def test_ciou_weighs_v_by_a_constant(self):
        with torch.no_grad():
            v = (diou(self.PREDICTED, self.TARGET) - ciou(self.PREDICTED, self.TARGET)).clone()
            v_only = 4 / math.pi**2 * self.angle_difference(self.PREDICTED) ** 2
            alpha = v / v_only

        def frozen(a):
            shape = 4 / math.pi**2 * self.angle_difference(a) ** 2
            return diou(a, self.TARGET) - alpha * shape

        a = self.PREDICTED.clone().requires_grad_()
        (got,) = torch.autograd.grad(ciou(a, self.TARGET).sum(), a)
        (expected,) = torch.autograd.grad(frozen(a).sum(), a)
        assert torch.autograd.gradcheck(frozen, a)
        assert torch.allclose(got, expected, atol=1e-12)

    def angle_difference(self, boxes):
        def ratio(b):
            return torch.atan((b[:, 2] - b[:, 0]) / (b[:, 3] - b[:, 1]))

        return ratio(boxes) - ratio(self.TARGET)

    @pytest.mark.parametrize("name", MEASURES)
    @pytest.mark.parametrize(
        "predicted",
        [SQUARE, (2, 2, 2, 2), (0, 2, 4, 2), (3, 3, 1, 1), (50, 50, 54, 54), (1e6, 0, 1e6, 5)],
    )
    def test_never_nan(self, name, predicted):
        a = box(*predicted, dtype=torch.float32).requires_grad_()
        value = MEASURES[name][0](a, box(*SQUARE, dtype=torch.float32))
        (gradient,) = torch.autograd.grad(value, a)
        assert gradient.isfinite().all()

    def test_two_points_in_one_place(self):
        a = box(1, 1, 1, 1).requires_grad_()
        for measure, _ in MEASURES.values():
            (gradient,) = torch.autograd.grad(measure(a, a.detach()), a)
            assert gradient.isfinite().all()

    def test_descending_reaches_the_target(self):
        target = box((10, 10, 15, 17), (30, 5, 34, 9))
        predicted = box((14, 13, 22, 30), (31, 2, 33, 8.0)).requires_grad_()
        optimizer = torch.optim.Adam([predicted], lr=0.3)
        for _ in range(150):
            optimizer.zero_grad()
            (1 - ciou(predicted, target)).sum().backward()
            optimizer.step()
        assert torch.allclose(predicted, target, atol=0.2)
