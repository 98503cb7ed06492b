"""CARAFE through mmcv's wrappers, in plain torch."""

import pytest
import torch
from mmcv.ops import CARAFE, CARAFEPack, carafe, carafe_naive

from adla.compat.mmcv_ops import carafe as ops

from . import slow_ops

# kernel, groups, scale
SHAPES = [(1, 1, 1), (3, 1, 2), (5, 2, 2), (3, 4, 3)]


def make_input(kernel, groups, scale, dtype=torch.float64, size=(3, 4)):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 4, *size, generator=generator, dtype=torch.float64)
    shape = (2, groups * kernel**2, size[0] * scale, size[1] * scale)
    masks = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return features.to(dtype), masks.to(dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("op", [carafe, carafe_naive])
def test_loops(op, shape):
    features, masks = make_input(*shape)
    found = op(features, masks, *shape)
    torch.testing.assert_close(found, slow_ops.carafe(features, masks, *shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient(shape):
    features, masks = (tensor[:1] for tensor in make_input(*shape, size=(2, 2)))
    tensors = features.clone().requires_grad_(), masks.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x, m: carafe(x, m, *shape), tensors)


@pytest.mark.parametrize("shape", SHAPES)
def test_naive_gradient_is_the_same(shape):
    """mmcv's wrapper runs it on a GPU alone, so the function itself is called."""
    features, masks = (tensor.requires_grad_() for tensor in make_input(*shape))
    output = carafe(features, masks, *shape)
    grad = torch.randn_like(output)
    output.backward(grad)
    found = torch.zeros_like(features), torch.zeros_like(masks)
    ops.carafe_naive_backward(grad, features.detach(), masks.detach(), *found, *shape)
    assert torch.equal(found[0], features.grad) and torch.equal(found[1], masks.grad)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    tensors = [tensor.requires_grad_() for tensor in make_input(3, 2, 2, dtype)]
    exact = [tensor.detach().float().requires_grad_() for tensor in tensors]
    found, wanted = (carafe(*given, 3, 2, 2) for given in (tensors, exact))
    assert found.dtype == dtype and torch.equal(found, wanted.to(dtype))
    found.sum().backward()
    wanted.sum().backward()
    assert all(torch.equal(a.grad, b.grad.to(dtype)) for a, b in zip(tensors, exact, strict=True))


def test_empty_batch():
    features = torch.zeros(0, 4, 3, 3, requires_grad=True)
    output = CARAFE(3, 1, 2)(features, torch.zeros(0, 9, 6, 6))
    output.sum().backward()
    assert output.shape == (0, 4, 6, 6) and features.grad.shape == features.shape


@pytest.mark.parametrize("autocast", [True, False])
def test_layer_trains(autocast):
    layer = CARAFEPack(8, 2, compressed_channels=4)
    x = torch.randn(2, 8, 5, 6, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        output = layer(x)
    assert output.shape == (2, 8, 10, 12)
    output.float().square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in layer.parameters())
    assert x.grad.isfinite().all()


def test_constant_map_stays_constant_inside():
    """The kernels of the layer sum to 1."""
    output = CARAFEPack(8, 2)(torch.ones(1, 8, 8, 8))
    torch.testing.assert_close(output[..., 4:-4, 4:-4], torch.ones(1, 8, 8, 8))


def test_devices():
    features, masks = make_input(3, 1, 2)
    with pytest.raises(ValueError, match="one device"):
        carafe(features, masks.to("meta"), 3, 1, 2)


@pytest.mark.gpu
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("op", [carafe, carafe_naive])
def test_gpu(op, shape):
    tensors = [t.float().cuda().requires_grad_() for t in make_input(*shape)]
    output = op(*tensors, *shape)
    output.square().sum().backward()
    exact = [t.detach().cpu().requires_grad_() for t in tensors]
    wanted = carafe(*exact, *shape)
    wanted.square().sum().backward()
    torch.testing.assert_close(output.detach().cpu(), wanted.detach(), rtol=1e-4, atol=1e-4)
    for found, other in zip(tensors, exact, strict=True):
        torch.testing.assert_close(found.grad.cpu(), other.grad, rtol=1e-3, atol=1e-3)
