"""Convolution at chosen pixels through mmcv's wrapper, in plain torch."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from mmcv.ops import MaskedConv2d, masked_conv2d

from adla.compat.mmcv_ops.masked_conv import masked_im2col_forward


@settings(max_examples=50, deadline=None)
@given(
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    kernel=st.tuples(st.sampled_from([1, 3]), st.sampled_from([1, 3, 5])),
    extra=st.integers(0, 1),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 9),
)
def test_convolution_where_the_mask_is_set(size, kernel, extra, share, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 3, *size, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 3, *kernel, generator=generator, dtype=torch.float64)
    bias = torch.randn(4, generator=generator, dtype=torch.float64)
    mask = (torch.rand(1, *size, generator=generator) < share).double()
    padding = tuple(side // 2 + extra for side in kernel)
    found = masked_conv2d(x, mask, weight, bias, padding)
    wanted = F.conv2d(x, weight, bias, padding=padding)
    height, width = wanted.shape[2:]
    grown = F.pad(mask, (0, width - size[1], 0, height - size[0]))
    torch.testing.assert_close(found, wanted * grown, rtol=1e-9, atol=1e-12)


def test_layer():
    layer = MaskedConv2d(3, 4, 3, padding=1)
    x, mask = torch.randn(1, 3, 6, 7), torch.zeros(1, 6, 7)
    assert layer(x, mask).eq(0).all()
    mask[0, 2:4, 5:] = 1
    torch.testing.assert_close(layer(x, mask), layer(x) * mask, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    x, weight, bias = torch.randn(1, 3, 6, 7), torch.randn(4, 3, 3, 3), torch.randn(4)
    x, weight, bias = (tensor.to(dtype) for tensor in (x, weight, bias))
    found = masked_conv2d(x, torch.ones(1, 6, 7), weight, bias, 1)
    wanted = F.conv2d(x.float(), weight.float(), bias.float(), padding=1)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), wanted, rtol=0.02, atol=0.1)


def test_autocast():
    layer = MaskedConv2d(3, 4, 3, padding=1)
    x, mask = torch.randn(1, 3, 6, 7), torch.ones(1, 6, 7)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x, mask)
    torch.testing.assert_close(found, layer(x), rtol=0.05, atol=0.05)


def test_mask_beyond_the_result():
    """Without padding a kernel of 3 makes 4 x 5 pixels of 6 x 7."""
    x, weight, bias = torch.randn(1, 3, 6, 7), torch.randn(4, 3, 3, 3), torch.zeros(4)
    mask = torch.zeros(1, 6, 7)
    mask[0, :4, :5] = 1
    wanted = F.conv2d(x, weight)
    torch.testing.assert_close(masked_conv2d(x, mask, weight, bias), wanted, rtol=1e-4, atol=1e-5)
    mask[0, 0, 5] = 1
    with pytest.raises(ValueError, match="makes 5 pixels of 7; pad it by 1"):
        masked_conv2d(x, mask, weight, bias)


def test_devices():
    index = torch.zeros(1, dtype=torch.long)
    x, columns = torch.zeros(1, 3, 6, 7), torch.zeros(27, 1, device="meta")
    with pytest.raises(ValueError, match="one device"):
        masked_im2col_forward(x, index, index, columns, 3, 3, 1, 1)


@pytest.mark.gpu
def test_gpu():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 3, 20, 30, generator=generator)
    weight, bias = torch.randn(4, 3, 3, 3, generator=generator), torch.randn(4, generator=generator)
    mask = (torch.rand(1, 20, 30, generator=generator) < 0.5).float()
    wanted = masked_conv2d(x, mask, weight, bias, 1)
    found = masked_conv2d(*(tensor.cuda() for tensor in (x, mask, weight, bias)), 1)
    torch.testing.assert_close(found.cpu(), wanted, rtol=1e-3, atol=1e-3)
