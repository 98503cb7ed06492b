"""The complete IoU loss against numbers worked out by hand and a slow reference in float64."""

import math

import pytest
import torch
from mmdet.registry import MODELS

from adla.models import CompleteIoULoss
from tests.core import overlap_reference


def boxes(seed, count=200):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator, dtype=torch.float64) * 6
    sides = 0.5 + torch.rand(count, 2, generator=generator, dtype=torch.float64) * 8
    return torch.cat([corner, corner + sides], dim=1)


def shape_term(width, height, wanted_width, wanted_height):
    angle = math.atan(wanted_width / wanted_height) - math.atan(width / height)
    return 4 / math.pi**2 * angle**2


def test_by_hand():
    # 2 x 2 against 4 x 2 from the same corner: IoU 1/2, centers 1 apart, diagonal^2 20;
    # atan(2) - atan(1) = .321751, v = .041957, alpha = .041957 / .541957 = .077417.
    pred, target = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[0.0, 0, 4, 2]])
    assert CompleteIoULoss()(pred, target).item() == pytest.approx(0.553248, abs=1e-6)
    # mmdet leaves alpha out at this IoU: 1 - 1/2 + 1/20.
    assert MODELS.build(dict(type="CIoULoss"))(pred, target).item() == pytest.approx(0.55, abs=1e-5)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_equals_the_slow_one(dtype, tolerance):
    pred, target = boxes(0), boxes(1)
    wanted = [
        1 - overlap_reference.ciou(a, b)
        for a, b in zip(pred.tolist(), target.tolist(), strict=True)
    ]
    found = CompleteIoULoss(reduction="none")(pred.to(dtype), target.to(dtype))
    assert found.tolist() == pytest.approx(wanted, abs=tolerance)


def test_alpha_has_no_gradient():
    """Width 2, height 2, center at the target's: by hand with alpha as a constant."""
    pred = torch.tensor([[1.0, 1, 3, 3]], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[0.0, 1, 4, 3]], dtype=torch.float64)
    CompleteIoULoss()(pred, target).backward()
    v = shape_term(2, 2, 4, 2)
    alpha = v / (1 - 0.5 + v)

    def loss(width):
        """Of a box from 1 to 1 + width: IoU width / 4, centers (1 - width / 2) apart, c^2 20."""
        return 1 - width / 4 + (2 - 1 - width / 2) ** 2 / 20 + alpha * shape_term(width, 2, 4, 2)

    step = 1e-6
    wanted = (loss(2 + step) - loss(2 - step)) / (2 * step)
    assert pred.grad[0, 2].item() == pytest.approx(wanted, abs=1e-8)
    # With the gradient of alpha the slope would be another one.
    moving = -0.25 + (alpha * 2 - alpha**2) * (wanted + 0.25) / alpha
    assert abs(moving - wanted) > 1e-3


def test_weights_and_reductions_are_mmdets():
    pred, target = boxes(2, 3), boxes(3, 3)
    weight = torch.tensor([0.5, 0, 2], dtype=torch.float64)
    each = CompleteIoULoss(reduction="none")(pred, target)
    loss = MODELS.build(dict(type="CompleteIoULoss", loss_weight=7.5))
    total = 7.5 * (each * weight).sum()
    torch.testing.assert_close(loss(pred, target, weight, avg_factor=4.0), total / 4)
    four = weight[:, None].expand(-1, 4)
    torch.testing.assert_close(loss(pred, target, four, avg_factor=4.0), total / 4)
    torch.testing.assert_close(loss(pred, target, weight, reduction_override="sum"), total)
    nothing = loss(pred[:0].requires_grad_(), target[:0], weight[:0], avg_factor=1.0)
    assert nothing == 0 and nothing.requires_grad


def test_half_precision_counts_in_single():
    pred, target = boxes(4).float(), boxes(5).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = CompleteIoULoss()(pred, target)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, CompleteIoULoss()(pred, target))
