"""Deformable convolution, version 2, by torchvision's kernel."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .checks import check_shape
from .deform_conv_checks import check_deform_conv
from .precision import widen


def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Convolve pixels that are moved by offsets and multiplied by a mask.

    Args:
        input: Feature maps, (B, C, H, W).
        weight: Kernels, (O, C / group, kernel_h, kernel_w).
        bias: (O,), or anything where `with_bias` is false.
        ones: Unused buffer of mmcv.
        offset: Offsets y, x of each tap in pixels, (B, 2 * deformable_group * taps, oH, oW).
        mask: Factor of each tap, (B, deformable_group * taps, oH, oW).
        output: Takes the result, (B, O, oH, oW).
        columns: Unused buffer of mmcv.
        kernel_h: Rows of the kernel.
        kernel_w: Columns of the kernel.
        stride_h: Stride along y.
        stride_w: Stride along x.
        pad_h: Zeros added above and below.
        pad_w: Zeros added left and right.
        dilation_h: Step between taps along y.
        dilation_w: Step between taps along x.
        group: Groups of the convolution.
        deformable_group: Groups of channels that share offsets and mask.
        with_bias: Whether to add `bias`.

    Raises:
        ValueError: Shapes that do not fit, several devices, or offsets that are NaN on the CPU.
    """
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group)
    check_deform_conv(input, weight, offset, output, geometry, mask)
    arguments = _order(input, weight, offset, mask, bias, with_bias)
    output.copy_(torch.ops.torchvision.deform_conv2d(*arguments, *geometry, True))


def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Find the gradients of all inputs.

    Args:
        input: As in `modulated_deform_conv_forward`, like all arguments that are not named here.
        weight: Kernels.
        bias: Bias.
        ones: Unused buffer of mmcv.
        offset: Offsets.
        mask: Mask.
        columns: Unused buffer of mmcv.
        grad_input: Takes the gradient of the feature maps.
        grad_weight: Takes the gradient of the kernels.
        grad_bias: Takes the gradient of the bias where `with_bias` is true.
        grad_offset: Takes the gradient of the offsets.
        grad_mask: Takes the gradient of the mask.
        grad_output: Gradient of the result, (B, O, oH, oW).
        kernel_h: Rows of the kernel.
        kernel_w: Columns of the kernel.
        stride_h: Stride along y.
        stride_w: Stride along x.
        pad_h: Zeros added above and below.
        pad_w: Zeros added left and right.
        dilation_h: Step between taps along y.
        dilation_w: Step between taps along x.
        group: Groups of the convolution.
        deformable_group: Groups of channels that share offsets and mask.
        with_bias: Whether there is a bias.

    Raises:
        ValueError: As in `modulated_deform_conv_forward`.
    """
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group)
    check_deform_conv(input, weight, offset, grad_output, geometry, mask)
    arguments = _order(input, weight, offset, mask, bias, with_bias)
    found = torch.ops.torchvision._deform_conv2d_backward(
        grad_output.to(arguments[0].dtype), *arguments, *geometry, True
    )
    wanted = [grad_input, grad_weight, grad_offset, grad_mask]
    if with_bias:
        wanted.append(grad_bias)
    for target, grad in zip(wanted, found, strict=False):
        target.copy_(grad)


def _order(
    input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor, with_bias: bool
) -> tuple[Tensor, ...]:
    """Return the tensors as torchvision's kernel takes them."""
    if with_bias:
        check_shape("bias", bias, len(weight))
    features, kernels, moves, factors = widen(input, weight, offset, mask)
    shift = bias.to(features.dtype) if with_bias else features.new_zeros(len(weight))
    return features, kernels, moves, factors, shift


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "modulated_deform_conv_forward": modulated_deform_conv_forward,
    "modulated_deform_conv_backward": modulated_deform_conv_backward,
}
