"""Deformable convolution, both versions, through mmcv's wrappers, on torchvision."""

from itertools import combinations

import pytest
import torch
from mmcv.ops import (
    DeformConv2d,
    DeformConv2dPack,
    ModulatedDeformConv2d,
    ModulatedDeformConv2dPack,
    SAConv2d,
    deform_conv2d,
    modulated_deform_conv2d,
)

from adla.compat.mmcv_ops.deform_conv_checks import check_deform_conv

from . import slow_ops

# stride, padding, dilation, groups, deform groups
GEOMETRIES = [
    ((1, 1), (1, 1), (1, 1), 1, 1),
    ((2, 1), (0, 2), (1, 2), 1, 2),
    ((1, 2), (2, 1), (2, 1), 2, 4),
]
BOTH_VERSIONS = pytest.mark.parametrize("version", [1, 2])


def make_input(geometry, dtype=torch.float64, batch=2, size=(5, 6)):
    """Return feature maps, offsets, kernels (4 of 3 x 2), mask and bias."""
    stride, padding, dilation, groups, deform_groups = geometry
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    kernel = (3, 2)
    out = [
        (size[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1
        for i in range(2)
    ]
    taps = deform_groups * 6
    x, offset = draw(batch, 4, *size), draw(batch, 2 * taps, *out) * 1.5
    return x, offset, draw(4, 4 // groups, *kernel), draw(batch, taps, *out).sigmoid(), draw(4)


def convolve(version, x, offset, weight, mask, bias, geometry):
    if version == 1:
        return deform_conv2d(x, offset, weight, *geometry)
    return modulated_deform_conv2d(x, offset, mask, weight, bias, *geometry)


@BOTH_VERSIONS
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_loops(version, geometry):
    x, offset, weight, mask, bias = make_input(geometry)
    found = convolve(version, x, offset, weight, mask, bias, geometry)
    factors = mask if version == 2 else None
    wanted = slow_ops.deform_conv(x, offset, weight, *geometry, factors)
    if version == 2:
        wanted += bias[:, None, None]
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_gradients_of_version_1(geometry):
    tensors = [t.requires_grad_() for t in make_input(geometry, batch=1, size=(4, 4))[:3]]
    assert torch.autograd.gradcheck(lambda *t: deform_conv2d(*t, *geometry), tensors)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("with_bias", [True, False])
def test_gradients_of_version_2(geometry, with_bias):
    x, offset, weight, mask, bias = make_input(geometry, batch=1, size=(4, 4))
    tensors = [x, offset, mask, weight] + ([bias] if with_bias else [])
    for tensor in tensors:
        tensor.requires_grad_()

    def call(*given):
        return modulated_deform_conv2d(*given, *([] if with_bias else [None]), *geometry)

    assert torch.autograd.gradcheck(call, tensors)


def test_gradients_one_by_one():
    """The kernels' gradient is found with that of the maps; neither may be a left-over."""
    geometry = GEOMETRIES[1]
    tensors = [t.requires_grad_() for t in make_input(geometry)[:3]]
    output = deform_conv2d(*tensors, *geometry)
    grads = [torch.randn_like(output) for _ in range(2)]
    wanted = [torch.autograd.grad(output, tensors, grad, retain_graph=True) for grad in grads]
    for chosen in [*combinations(range(3), 1), *combinations(range(3), 2)]:
        for grad, all_three in zip(grads, wanted, strict=True):
            some = [tensors[i] for i in chosen]
            found = torch.autograd.grad(output, some, grad, retain_graph=True)
            assert all(torch.equal(a, all_three[i]) for a, i in zip(found, chosen, strict=True))


@pytest.mark.parametrize("trained", [[0], [1], [2], [0, 2], [1, 2]])
def test_frozen_inputs(trained):
    """Frozen maps, offsets or kernels do not change the gradients of the others."""
    geometry = GEOMETRIES[1]
    tensors = [t.requires_grad_() for t in make_input(geometry)[:3]]
    wanted = torch.autograd.grad(deform_conv2d(*tensors, *geometry).square().sum(), tensors)
    some = [t.detach().requires_grad_(i in trained) for i, t in enumerate(tensors)]
    deform_conv2d(*some, *geometry).square().sum().backward()
    for i, tensor in enumerate(some):
        assert (tensor.grad is None) if i not in trained else torch.equal(tensor.grad, wanted[i])


@BOTH_VERSIONS
def test_many_images(version):
    """mmcv takes a part of the batch at a time; the results are those of single images."""
    geometry = GEOMETRIES[0]
    x, offset, weight, mask, bias = make_input(geometry, batch=6)
    if version == 1:
        found = deform_conv2d(x, offset, weight, *geometry, False, 3)
    else:
        found = convolve(2, x, offset, weight, mask, bias, geometry)
    for i in range(6):
        parts = (t[i : i + 1] for t in (x, offset))
        alone = convolve(version, *parts, weight, mask[i : i + 1], bias, geometry)
        torch.testing.assert_close(found[i : i + 1], alone, rtol=1e-9, atol=1e-12)


@BOTH_VERSIONS
def test_offsets_far_outside_read_zeros(version):
    x, offset, weight, mask, bias = make_input(GEOMETRIES[0])
    for far in (1e30, -1e30, float("inf"), -float("inf")):
        offset.fill_(far)
        found = convolve(version, x, offset, weight, mask, torch.zeros_like(bias), GEOMETRIES[0])
        assert found.eq(0).all()


@BOTH_VERSIONS
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(version, dtype):
    tensors = [t.to(dtype).requires_grad_() for t in make_input(GEOMETRIES[0])]
    exact = [t.detach().float().requires_grad_() for t in tensors]
    found, wanted = (convolve(version, *given, GEOMETRIES[0]) for given in (tensors, exact))
    assert found.dtype == dtype and torch.equal(found, wanted.to(dtype))
    found.sum().backward()
    wanted.sum().backward()
    for a, b in zip(tensors[: 3 if version == 1 else 5], exact, strict=False):
        assert torch.equal(a.grad, b.grad.to(dtype))


@pytest.mark.parametrize("layer", [DeformConv2dPack, ModulatedDeformConv2dPack])
def test_layers_start_as_a_convolution(layer):
    module = layer(4, 6, 3, padding=1, **({"bias": False} if layer is DeformConv2dPack else {}))
    x = torch.randn(2, 4, 7, 8)
    wanted = torch.nn.functional.conv2d(x, module.weight, padding=1)
    factor = 1 if layer is DeformConv2dPack else 0.5  # the mask starts at sigmoid(0)
    torch.testing.assert_close(module(x), factor * wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [DeformConv2dPack, ModulatedDeformConv2dPack, SAConv2d])
def test_layers_train_under_autocast(layer):
    bias = {} if layer is ModulatedDeformConv2dPack else {"bias": False}
    extra = {"use_deform": True} if layer is SAConv2d else {}
    module = layer(4, 6, 3, padding=1, **bias, **extra)
    with torch.autocast("cpu", torch.bfloat16):
        output = module(torch.randn(2, 4, 9, 8))
    output.float().square().mean().backward()
    grads = [p.grad for p in module.parameters() if p.grad is not None]
    assert all(grad.isfinite().all() for grad in grads)
    assert sum(float(grad.abs().sum()) for grad in grads) > 0


def test_map_smaller_than_the_kernel():
    layer = DeformConv2d(2, 3, 3, padding=1)
    output = layer(torch.randn(1, 2, 2, 2), torch.zeros(1, 18, 2, 2))
    assert output.shape == (1, 3, 2, 2) and output.isfinite().all()


@BOTH_VERSIONS
def test_bad_input(version):
    x, offset, weight, mask, bias = make_input(GEOMETRIES[0], torch.float32)

    def call(x=x, offset=offset, weight=weight, mask=mask, bias=bias):
        return convolve(version, x, offset, weight, mask, bias, GEOMETRIES[0])

    broken = offset.clone()
    broken[0, 3, 1, 2] = float("nan")
    with pytest.raises(ValueError, match="offset hold NaN"):
        call(offset=broken)
    with pytest.raises(ValueError, match="offset must have shape"):
        call(offset=offset[:, :6])
    with pytest.raises(ValueError, match="offset must have shape"):
        call(offset=offset[:, :, 1:])
    with pytest.raises(ValueError, match="must divide the channels"):
        call(x=x[:, :3])
    if version == 2:
        with pytest.raises(ValueError, match="mask must have shape"):
            call(mask=mask[:, 1:])
        with pytest.raises(ValueError, match="bias must have shape"):
            call(bias=bias[1:])


def test_devices():
    """mmcv's wrappers move all tensors to the offsets' device; the functions do not."""
    x, offset, weight, mask, _ = make_input(GEOMETRIES[0])
    geometry = (1, 1, 1, 1, 1, 1, 1, 1)
    with pytest.raises(ValueError, match="offset on meta"):
        check_deform_conv(x, weight, offset.to("meta"), x, geometry, mask)


def test_modules():
    x, offset, _, mask, _ = make_input(((1, 1), (1, 1), (1, 1), 1, 1), torch.float32)
    assert DeformConv2d(4, 5, (3, 2), padding=1)(x, offset).shape[1] == 5
    assert ModulatedDeformConv2d(4, 5, (3, 2), padding=1)(x, offset, mask).shape[1] == 5


@pytest.mark.gpu
@BOTH_VERSIONS
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_gpu(version, geometry):
    results = []
    for device in ("cpu", "cuda"):
        tensors = [t.float().to(device).requires_grad_() for t in make_input(geometry)]
        output = convolve(version, *tensors, geometry)
        output.square().sum().backward()
        used = tensors[: 3 if version == 1 else 5]
        results.append([output.detach().cpu(), *(tensor.grad.cpu() for tensor in used)])
    torch.testing.assert_close(*results, rtol=1e-3, atol=1e-3)
