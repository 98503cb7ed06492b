"""RoIPool and deformable RoI pooling through mmcv's wrappers, in plain torch."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmcv.ops import (
    DeformRoIPool,
    DeformRoIPoolPack,
    ModulatedDeformRoIPoolPack,
    RoIPool,
    deform_roi_pool,
    roi_align,
    roi_pool,
)

from . import slow_ops
from .test_roi_align import coordinates, make_input, small_input


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.3])
@pytest.mark.parametrize("bins", [(1, 1), (3, 2), (7, 7)])
def test_loops(scale, bins):
    features, rois = make_input()
    found = RoIPool(bins, scale)(features, rois)
    torch.testing.assert_close(found, slow_ops.roi_pool(features, rois, bins, scale))


@settings(max_examples=60, deadline=None)
@given(
    regions=st.lists(st.tuples(st.integers(0, 1), *[coordinates] * 4), max_size=4),
    bins=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_any_regions(regions, bins):
    rois = torch.tensor(regions, dtype=torch.float64).reshape(-1, 5)
    rois[:, 3:] += math.e / 100
    features, _ = make_input(channels=1)
    found = roi_pool(features, rois, bins, 0.5)
    torch.testing.assert_close(found, slow_ops.roi_pool(features, rois, bins, 0.5))


def test_gradient():
    features, rois = small_input()
    assert torch.autograd.gradcheck(lambda x: roi_pool(x, rois, (2, 3), 1.0), features)


def test_bins_without_pixels_have_no_gradient():
    features = torch.randn(1, 1, 4, 4, requires_grad=True)
    output = roi_pool(features, torch.tensor([[0.0, 50, 50, 60, 60], [0, 9, 9, 1, 1]]), 2, 1.0)
    output.sum().backward()
    assert output.eq(0).all() and features.grad.eq(0).all()


def test_equal_pixels():
    features = torch.ones(1, 1, 4, 4, requires_grad=True)
    roi_pool(features, torch.tensor([[0.0, 0, 0, 3, 3]]), 1, 1.0).backward()
    assert features.grad[0, 0, 0, 0] == 1 and features.grad.sum() == 1


@pytest.mark.parametrize("images", [0, 2])
def test_nothing_to_pool(images):
    features = torch.randn(images, 3, 8, 8, requires_grad=True)
    output = roi_pool(features, torch.zeros(0, 5), (7, 7), 1.0)
    output.sum().backward()
    assert output.shape == (0, 3, 7, 7) and features.grad.eq(0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    features, rois = (tensor.to(dtype) for tensor in make_input())
    features.requires_grad_()
    output = roi_pool(features, rois, (3, 2), 0.5)
    output.sum().backward()
    wanted = roi_pool(features.detach().float(), rois.float(), (3, 2), 0.5)
    assert output.dtype == dtype and torch.equal(output.float(), wanted)


def test_image_outside_the_batch():
    with pytest.raises(ValueError, match="names image 3"):
        roi_pool(torch.zeros(2, 1, 4, 4), torch.tensor([[3.0, 0, 0, 1, 1]]), 2, 1.0)


def test_deformable_pooling_without_offsets_is_roi_align():
    features, rois = make_input()
    found = DeformRoIPool((3, 2), 0.5, 2)(features, rois)
    wanted = roi_align(features, rois, (3, 2), 0.5, 2, "avg", True)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("ratio", [0, 2])
def test_offsets_move_the_bins(ratio):
    """A region of one bin that is moved by its size times gamma is another region."""
    features, rois = make_input()
    offset = torch.randn(len(rois), 2, 1, 1, dtype=torch.float64)
    size = rois[:, 3:] - rois[:, 1:3]
    move = 0.1 * size * offset.flatten(1)
    moved = torch.cat([rois[:, :1], rois[:, 1:3] + move, rois[:, 3:] + move], 1)
    found = deform_roi_pool(features, rois, offset, (1, 1), 0.5, ratio, 0.1)
    wanted = slow_ops.roi_align(features, moved, (1, 1), 0.5, ratio, "avg", True)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


def test_gradient_of_deformable_pooling():
    features, rois = small_input()
    offset = torch.randn(len(rois), 2, 2, 2, dtype=torch.float64, requires_grad=True)

    def pool(x, moves):
        return deform_roi_pool(x, rois, moves, (2, 2), 1.0, 2, 0.1)

    assert torch.autograd.gradcheck(pool, (features, offset))


@pytest.mark.parametrize("layer", [DeformRoIPoolPack, ModulatedDeformRoIPoolPack])
def test_deformable_layers_train(layer):
    features, rois = (tensor.float() for tensor in make_input())
    module = layer((2, 2), 3, 8, spatial_scale=0.5, sampling_ratio=2)
    module(features.requires_grad_(), rois).square().sum().backward()
    assert module.offset_fc[-1].bias.grad.abs().sum() > 0 and features.grad.abs().sum() > 0


def test_offsets_of_a_wrong_shape():
    features, rois = make_input()
    with pytest.raises(ValueError, match="offset must have shape"):
        deform_roi_pool(features, rois, rois.new_zeros(len(rois), 2, 2, 1), (2, 2), 1.0, 2, 0.1)


@pytest.mark.gpu
@pytest.mark.parametrize("op", ["roi_pool", "deform_roi_pool"])
def test_gpu(op):
    results = []
    for device in ("cpu", "cuda"):
        features, rois = (tensor.float().to(device) for tensor in make_input())
        features.requires_grad_()
        if op == "roi_pool":
            output = roi_pool(features, rois, (3, 2), 0.5)
        else:
            offset = torch.linspace(-1, 1, len(rois) * 12, device=device).view(-1, 2, 3, 2)
            output = deform_roi_pool(features, rois, offset, (3, 2), 0.5, 0, 0.1)
        output.square().sum().backward()
        results.append((output.detach().cpu(), features.grad.cpu()))
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)
