"""Deformable convolution, version 1, by torchvision's kernel."""

import torch
from torch import Tensor

from .deform_conv_checks import check_deform_conv
from .precision import widen


def deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Convolve pixels that are moved by offsets.

    Args:
        input: Feature maps, (B, C, H, W).
        weight: Kernels, (O, C / group, kH, kW).
        offset: Offsets y, x of each tap in pixels, (B, 2 * deformable_group * kH * kW, oH, oW).
        output: Takes the result, (B, O, oH, oW).
        columns: Unused buffer of mmcv.
        ones: Unused buffer of mmcv.
        kW: Columns of the kernel.
        kH: Rows of the kernel.
        dW: Stride along x.
        dH: Stride along y.
        padW: Zeros added left and right.
        padH: Zeros added above and below.
        dilationW: Step between taps along x.
        dilationH: Step between taps along y.
        group: Groups of the convolution.
        deformable_group: Groups of channels that share their offsets.
        im2col_step: Images at a time; torchvision finds its own.

    Raises:
        ValueError: Shapes that do not fit, several devices, or offsets that are NaN on the CPU.
    """
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    check_deform_conv(input, weight, offset, output, geometry)
    output.copy_(
        torch.ops.torchvision.deform_conv2d(*_fill_in(input, weight, offset), *geometry, False)
    )


def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    weight: Tensor,
    columns: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Find the gradients of the feature maps and of the offsets.

    torchvision finds the kernels' gradient with them, for which mmcv asks next. It is kept on the
    buffer `columns`, which mmcv hands to both calls.

    Args:
        input: As in `deform_conv_forward`, like all arguments that are not named here.
        offset: Offsets.
        grad_output: Gradient of the result, (B, O, oH, oW).
        grad_input: Takes the gradient of the feature maps, (B, C, H, W).
        grad_offset: Takes the gradient of the offsets.
        weight: Kernels.
        columns: Buffer that takes the kernels' gradient as an attribute.
        kW: Columns of the kernel.
        kH: Rows of the kernel.
        dW: Stride along x.
        dH: Stride along y.
        padW: Zeros added left and right.
        padH: Zeros added above and below.
        dilationW: Step between taps along x.
        dilationH: Step between taps along y.
        group: Groups of the convolution.
        deformable_group: Groups of channels that share their offsets.
        im2col_step: Unused.

    Raises:
        ValueError: As in `deform_conv_forward`.
    """
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    check_deform_conv(input, weight, offset, grad_output, geometry)
    grads = _find_grads(grad_output, input, weight, offset, geometry)
    grad_input.copy_(grads[0])
    grad_offset.copy_(grads[2])
    columns.weight_grad = grads[1]


def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_weight: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    scale: float,
    im2col_step: int,
) -> None:
    """Add the gradient of the kernels.

    Args:
        input: As in `deform_conv_forward`, like all arguments that are not named here.
        offset: Offsets.
        grad_output: Gradient of the result, (B, O, oH, oW).
        grad_weight: The gradient is added to it, (O, C / group, kH, kW).
        columns: Buffer that may hold the gradient, as `deform_conv_backward_input` leaves it.
        ones: Unused buffer of mmcv.
        kW: Columns of the kernel.
        kH: Rows of the kernel.
        dW: Stride along x.
        dH: Stride along y.
        padW: Zeros added left and right.
        padH: Zeros added above and below.
        dilationW: Step between taps along x.
        dilationH: Step between taps along y.
        group: Groups of the convolution.
        deformable_group: Groups of channels that share their offsets.
        scale: Factor of the gradient.
        im2col_step: Unused.

    Raises:
        ValueError: As in `deform_conv_forward`.
    """
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    check_deform_conv(input, grad_weight, offset, grad_output, geometry)
    result = columns.__dict__.pop("weight_grad", None)
    if result is None:  # mmcv did not ask for the other gradients
        result = _find_grads(grad_output, input, grad_weight, offset, geometry)[1]
    grad_weight.add_(result, alpha=scale)


def _fill_in(input: Tensor, weight: Tensor, offset: Tensor) -> tuple[Tensor, ...]:
    """Add the mask and the bias that torchvision's kernel asks for and does not use."""
    features, kernels, moves = widen(input, weight, offset)
    batch, _, height, width = offset.shape
    mask = features.new_zeros(batch, 1, height, width)
    return features, kernels, moves, mask, features.new_zeros(len(weight))


def _find_grads(
    grad_output: Tensor, input: Tensor, weight: Tensor, offset: Tensor, geometry: tuple[int, ...]
) -> tuple[Tensor, ...]:
    """Return the gradients of the feature maps, the kernels, the offsets and two unused ones."""
    arguments = _fill_in(input, weight, offset)
    grad = grad_output.to(arguments[0].dtype)
    return torch.ops.torchvision._deform_conv2d_backward(grad, *arguments, *geometry, False)


FUNCTIONS = {
    "deform_conv_forward": deform_conv_forward,
    "deform_conv_backward_input": deform_conv_backward_input,
    "deform_conv_backward_parameters": deform_conv_backward_parameters,
}
