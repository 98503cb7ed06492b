"""Multi-scale deformable attention: the function that mmcv calls on a GPU."""

import pytest
import torch
from mmcv.ops import MultiScaleDeformableAttention
from mmcv.ops.multi_scale_deform_attn import (
    MultiScaleDeformableAttnFunction,
    multi_scale_deformable_attn_pytorch,
)

from adla.compat.mmcv_ops.ms_deform_attn import ms_deform_attn_forward

from . import slow_ops

SIZES = [[4, 3], [2, 2], [1, 1]]


def make_input(dtype=torch.float64, queries=3):
    """Return values, sizes, starts, points (some outside) and weights of 2 heads and 2 points."""
    generator = torch.Generator().manual_seed(0)
    value = torch.randn(2, 17, 2, 3, generator=generator, dtype=torch.float64)
    points = torch.rand(2, queries, 2, 3, 2, 2, generator=generator, dtype=torch.float64)
    weights = torch.rand(2, queries, 2, 3, 2, generator=generator, dtype=torch.float64)
    shapes = torch.tensor(SIZES)
    starts = torch.tensor([0, 12, 16])
    return value.to(dtype), shapes, starts, (points * 1.6 - 0.3).to(dtype), weights.to(dtype)


def attend(value, shapes, starts, points, weights):
    return MultiScaleDeformableAttnFunction.apply(value, shapes, starts, points, weights, 64)


def test_loops():
    value, shapes, starts, points, weights = make_input()
    found = attend(value, shapes, starts, points, weights)
    wanted = slow_ops.deformable_attention(value, SIZES, points, weights)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


def test_mmcvs_own_function():
    value, shapes, starts, points, weights = make_input(torch.float32)
    found = attend(value, shapes, starts, points, weights)
    wanted = multi_scale_deformable_attn_pytorch(value, shapes, points, weights)
    torch.testing.assert_close(found, wanted)


def test_gradient():
    value, shapes, starts, points, weights = make_input()
    tensors = [tensor.requires_grad_() for tensor in (value, points, weights)]

    def call(value, points, weights):
        return attend(value, shapes, starts, points, weights)

    assert torch.autograd.gradcheck(call, tensors)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    value, shapes, starts, points, weights = make_input(dtype)
    found = attend(value.requires_grad_(), shapes, starts, points, weights)
    wanted = attend(value.detach().float(), shapes, starts, points.float(), weights.float())
    assert found.dtype == dtype and torch.equal(found, wanted.to(dtype))
    found.sum().backward()
    assert value.grad.dtype == dtype and value.grad.isfinite().all()


@pytest.mark.parametrize("part", ["queries", "batch"])
def test_nothing_to_attend(part):
    value, shapes, starts, points, weights = make_input(queries=0 if part == "queries" else 3)
    if part == "batch":
        value, points, weights = value[:0], points[:0], weights[:0]
    value = value.clone().requires_grad_()
    output = attend(value, shapes, starts, points, weights)
    output.sum().backward()
    assert output.shape == (*points.shape[:2], 6) and value.grad.eq(0).all()


def test_bad_input():
    value, shapes, starts, points, weights = make_input()
    with pytest.raises(ValueError, match="16 values for levels"):
        attend(value[:, 1:], shapes, starts, points, weights)
    with pytest.raises(ValueError, match="needs weights of shape"):
        attend(value, shapes, starts, points, weights[..., :1])
    with pytest.raises(ValueError, match="one device"):
        ms_deform_attn_forward(value, shapes, starts, points.to("meta"), weights, im2col_step=64)


def run_layer(device, dtype=torch.float32):
    torch.manual_seed(0)
    layer = MultiScaleDeformableAttention(16, 4, 3, 2, dropout=0.0, batch_first=True).to(device)
    query, value = torch.randn(2, 5, 16), torch.randn(2, 17, 16)
    centers = torch.rand(2, 5, 3, 2)
    with torch.autocast(device, dtype, enabled=dtype != torch.float32):
        output = layer(
            query.to(device),
            value=value.to(device),
            reference_points=centers.to(device),
            spatial_shapes=torch.tensor(SIZES, device=device),
            level_start_index=torch.tensor([0, 12, 16], device=device),
        )
    output.float().square().sum().backward()
    return output.detach().float().cpu(), layer.value_proj.weight.grad.cpu()


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_gpu(dtype):
    tolerance = 1e-3 if dtype == torch.float32 else 0.2
    torch.testing.assert_close(
        run_layer("cuda", dtype), run_layer("cpu"), rtol=tolerance, atol=tolerance
    )


def test_layer_on_the_cpu():
    output, grad = run_layer("cpu")
    assert output.shape == (2, 5, 16) and grad.abs().sum() > 0
