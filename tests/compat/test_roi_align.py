"""RoIAlign through mmcv's wrappers, on torchvision and torch."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmcv.ops import RoIAlign, roi_align

from adla.compat.mmcv_ops import roi_align as ops

from . import slow_ops

REGIONS = [
    [0, 1.3, 2.2, 9.7, 8.1],
    [1, 0.0, 0.0, 12.0, 10.0],  # the whole map
    [1, 3.0, 3.0, 3.0, 3.0],  # no area
    [0, 4.0, 2.0, 4.0, 9.0],  # no width
    [1, -6.3, -5.2, 2.0, 3.0],  # reaches out
    [0, 30.0, 30.0, 40.0, 50.0],  # outside
    [0, 2.25, 1.5, 2.75, 2.0],  # within a pixel
]
ABOVE_A_PIXEL = [0, 1, 4, 5]
BOTH_MODES = pytest.mark.parametrize("mode", ["avg", "max"])


def make_input(dtype=torch.float64, channels=3):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, channels, 10, 12, generator=generator, dtype=torch.float64)
    return features.to(dtype), torch.tensor(REGIONS, dtype=dtype)


def small_input():
    features, rois = make_input(channels=1)
    return features[:, :, :5, :6].clone().requires_grad_(), rois * torch.tensor([1, *[0.5] * 4])


@BOTH_MODES
@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("ratio", [0, 1, 3])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_loops(mode, aligned, ratio, scale):
    features, rois = make_input()
    found = roi_align(features, rois, (3, 2), scale, ratio, mode, aligned)
    wanted = slow_ops.roi_align(features, rois, (3, 2), scale, ratio, mode, aligned)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


# The ops jump one pixel outside the map and between pixels; no simple number lies on a jump.
coordinates = st.floats(-8, 24, width=32).map(lambda value: value + math.pi / 100)


@settings(max_examples=60, deadline=None)
@given(
    regions=st.lists(st.tuples(st.integers(0, 1), *[coordinates] * 4), max_size=4),
    bins=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    ratio=st.integers(0, 2),
    mode=st.sampled_from(["avg", "max"]),
    aligned=st.booleans(),
)
def test_any_regions(regions, bins, ratio, mode, aligned):
    rois = torch.tensor(regions, dtype=torch.float64).reshape(-1, 5)
    rois[:, 3:] = torch.maximum(rois[:, 1:3], rois[:, 3:] + math.e / 100)
    features, _ = make_input(channels=1)
    found = roi_align(features, rois, bins, 0.5, ratio, mode, aligned)
    wanted = slow_ops.roi_align(features, rois, bins, 0.5, ratio, mode, aligned)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


@BOTH_MODES
@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("ratio", [0, 2])
def test_gradient(mode, aligned, ratio):
    features, rois = small_input()

    def pool(x):
        return roi_align(x, rois, (2, 3), 1.0, ratio, mode, aligned)

    assert torch.autograd.gradcheck(pool, features)


@pytest.mark.parametrize("ratio", [0, 2])
@pytest.mark.parametrize("aligned", [True, False])
def test_deterministic_gradient_is_the_kernels(ratio, aligned):
    features, rois = make_input()
    features.requires_grad_()
    output = roi_align(features, rois, (2, 3), 0.5, ratio, "avg", aligned)
    grad = torch.randn_like(output)
    output.backward(grad)
    found = ops.scatter_mean(grad, rois, features.shape, (2, 3), 0.5, ratio, aligned)
    torch.testing.assert_close(found, features.grad, rtol=1e-9, atol=1e-12)


@BOTH_MODES
@pytest.mark.parametrize("images, regions", [(2, 0), (0, 0)])
def test_nothing_to_pool(mode, images, regions):
    features = torch.randn(images, 3, 8, 8, requires_grad=True)
    output = roi_align(features, torch.zeros(regions, 5), (7, 7), 1.0, 0, mode, True)
    assert output.shape == (0, 3, 7, 7)
    output.sum().backward()
    assert features.grad.eq(0).all()


@BOTH_MODES
def test_map_without_pixels(mode):
    output = roi_align(torch.zeros(1, 2, 0, 4), torch.ones(3, 5) * 0, 2, 1.0, 2, mode, True)
    assert output.shape == (3, 2, 2, 2) and output.eq(0).all()


@BOTH_MODES
def test_inverted_region_is_empty(mode):
    features, _ = make_input()
    rois = torch.tensor([[0.0, 5, 1, 2, 6], [0, 1, 6, 5, 2]], dtype=torch.float64)
    assert roi_align(features, rois, 2, 1.0, 0, mode, True).eq(0).all()


@BOTH_MODES
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(mode, dtype):
    features, rois = make_input()
    features, rois = features.to(dtype).requires_grad_(), rois.to(dtype)
    found = roi_align(features, rois, (3, 2), 0.5, 2, mode, True)
    exact = features.detach().float().requires_grad_()
    wanted = roi_align(exact, rois.float(), (3, 2), 0.5, 2, mode, True)
    assert found.dtype == dtype
    torch.testing.assert_close(found, wanted.to(dtype))
    found.sum().backward()
    wanted.sum().backward()
    if mode == "avg":
        torch.testing.assert_close(features.grad, exact.grad.to(dtype), rtol=0.02, atol=0.02)
    torch.testing.assert_close(features.grad.float().sum(), exact.grad.sum(), rtol=0.02, atol=0.02)


def test_autocast():
    features, rois = make_input(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        found = RoIAlign((3, 2), 0.5)(features.bfloat16(), rois.bfloat16())
    assert found.dtype == torch.bfloat16


def test_gradient_of_a_transposed_map():
    features, rois = make_input()
    leaf = features.transpose(2, 3).contiguous().requires_grad_()
    output = roi_align(leaf.transpose(2, 3), rois, (2, 2), 1.0, 2, "avg", True)
    grad = torch.randn(2, 2, 3, len(rois), dtype=torch.float64).permute(3, 2, 0, 1)
    output.backward(grad)
    other = features.clone().requires_grad_()
    roi_align(other, rois, (2, 2), 1.0, 2, "avg", True).backward(grad.contiguous())
    assert torch.equal(leaf.grad.transpose(2, 3), other.grad)


@pytest.mark.parametrize(
    "roi, message",
    [
        ([2, 0, 0, 1, 1], "a region names image 2, but the batch has 2"),
        ([-1, 0, 0, 1, 1], "a region names image -1"),
        ([0, 0, 0, float("nan"), 1], "not finite"),
        ([0, 0, 0, float("inf"), 1], "not finite"),
    ],
)
@BOTH_MODES
def test_bad_regions(mode, roi, message):
    features, _ = make_input(torch.float32)
    with pytest.raises(ValueError, match=message):
        roi_align(features, torch.tensor([roi], dtype=torch.float32), 2, 1.0, 2, mode, True)


def test_bad_tensors():
    features, rois = make_input(torch.float32)
    with pytest.raises(ValueError, match="must have shape"):
        roi_align(features[0], rois, 2, 1.0, 2, "avg", True)
    with pytest.raises(ValueError, match="one device"):
        roi_align(features, rois.to("meta"), 2, 1.0, 2, "avg", True)
    with pytest.raises(ValueError, match="floating"):
        roi_align(features.long(), rois, 2, 1.0, 2, "avg", True)


def test_onnx(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    features, rois = make_input(torch.float32)
    path = tmp_path / "roi_align.onnx"
    layer = RoIAlign((3, 2), 0.5, 2)
    torch.onnx.export(
        layer, (features, rois), path, input_names=["x", "r"], opset_version=12, dynamo=False
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": features.numpy(), "r": rois.numpy()})
    # ONNX gives every region at least one pixel of the feature map.
    wanted = layer(features, rois)[ABOVE_A_PIXEL]
    torch.testing.assert_close(torch.from_numpy(found)[ABOVE_A_PIXEL], wanted)


@pytest.mark.gpu
@BOTH_MODES
@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("ratio", [0, 2])
@pytest.mark.parametrize("deterministic", [True, False])
def test_gpu(mode, aligned, ratio, deterministic):
    results = []
    torch.use_deterministic_algorithms(deterministic)
    try:
        for device in ("cpu", "cuda"):
            features, rois = (tensor.float().to(device) for tensor in make_input())
            features.requires_grad_()
            output = roi_align(features, rois, (3, 2), 0.5, ratio, mode, aligned)
            output.square().sum().backward()
            results.append((output.detach().cpu(), features.grad.cpu()))
    finally:
        torch.use_deterministic_algorithms(False)
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)
