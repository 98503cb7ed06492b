"""CARAFE, upsampling with a kernel of its own for each pixel, in plain torch.

out[n, c, y, x] = sum over i, j of features[n, c, y // s + i - r, x // s + j - r]
* masks[n, (g * k + i) * k + j, y, x] with s the scale factor, k = 2 r + 1 the kernel's size and g
the group of channel c (Wang et al., https://arxiv.org/abs/1905.02188, Eq. 2). The loop runs over
the k * k taps, so nothing larger than the result is held.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from .checks import check_devices, check_floating
from .precision import widen


def carafe_naive_forward(
    features: Tensor,
    masks: Tensor,
    output: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    """Upsample feature maps.

    Args:
        features: Feature maps, (B, C, H, W).
        masks: Kernels, (B, group_size * kernel_size**2, scale * H, scale * W).
        output: Takes the result, (B, C, scale * H, scale * W).
        kernel_size: Rows and columns of a kernel, odd.
        group_size: Groups of channels that share a kernel.
        scale_factor: Pixels of the result per pixel of the feature map along each axis.

    Raises:
        ValueError: Several devices.
    """
    check_floating(features=features, masks=masks, output=output)
    check_devices(features=features, masks=masks, output=output)
    if not output.numel():
        return
    maps, kernels = widen(features, masks)
    blocks = _split_kernels(kernels, kernel_size, group_size, scale_factor)
    padded = _pad(maps, kernel_size, group_size)
    batch, channels, height, width = features.shape
    result = maps.new_zeros(
        batch, group_size, channels // group_size, height, scale_factor, width, scale_factor
    )
    for tap, rows, columns in _iterate_taps(kernel_size, height, width):
        shifted = padded[..., rows, columns]
        result.addcmul_(shifted[:, :, :, :, None, :, None], blocks[:, :, None, tap])
    output.copy_(result.view(output.shape))


def carafe_naive_backward(
    top_grad: Tensor,
    features: Tensor,
    masks: Tensor,
    bottom_grad: Tensor,
    mask_grad: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    """Find the gradients of the feature maps and of the kernels.

    Args:
        top_grad: Gradient of the result, (B, C, scale * H, scale * W).
        features: Feature maps, (B, C, H, W).
        masks: Kernels, (B, group_size * kernel_size**2, scale * H, scale * W).
        bottom_grad: Takes the gradient of the feature maps.
        mask_grad: Takes the gradient of the kernels.
        kernel_size: Rows and columns of a kernel.
        group_size: Groups of channels that share a kernel.
        scale_factor: Pixels of the result per pixel of the feature map along each axis.

    Raises:
        ValueError: Several devices.
    """
    check_floating(top_grad=top_grad, features=features, masks=masks)
    check_devices(top_grad=top_grad, features=features, masks=masks)
    if not top_grad.numel():
        return
    grad, maps, kernels = widen(top_grad, features, masks)
    batch, channels, height, width = features.shape
    grad = grad.reshape(
        batch, group_size, channels // group_size, height, scale_factor, width, scale_factor
    )
    blocks = _split_kernels(kernels, kernel_size, group_size, scale_factor)
    padded = _pad(maps, kernel_size, group_size)
    padded_grad, block_grad = padded.new_zeros(padded.shape), blocks.new_zeros(blocks.shape)
    for tap, rows, columns in _iterate_taps(kernel_size, height, width):
        shifted = padded[..., rows, columns][:, :, :, :, None, :, None]
        padded_grad[..., rows, columns] += (grad * blocks[:, :, None, tap]).sum((4, 6))
        block_grad[:, :, tap] = (grad * shifted).sum(2)
    edge = kernel_size // 2
    inner = padded_grad[..., edge : edge + height, edge : edge + width]
    bottom_grad.copy_(inner.reshape(bottom_grad.shape))
    mask_grad.copy_(block_grad.view(mask_grad.shape))


def carafe_forward(
    features: Tensor,
    masks: Tensor,
    rfeatures: Tensor,
    routput: Tensor,
    rmasks: Tensor,
    output: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    """Upsample feature maps, as `carafe_naive_forward`.

    Args:
        features: Feature maps, (B, C, H, W).
        masks: Kernels.
        rfeatures: Takes a copy of the feature maps, which mmcv keeps for the backward pass.
        routput: Unused buffer of mmcv.
        rmasks: Unused buffer of mmcv.
        output: Takes the result.
        kernel_size: Rows and columns of a kernel.
        group_size: Groups of channels that share a kernel.
        scale_factor: Pixels of the result per pixel of the feature map along each axis.

    Raises:
        ValueError: Several devices.
    """
    rfeatures.copy_(features)
    carafe_naive_forward(features, masks, output, kernel_size, group_size, scale_factor)


def carafe_backward(
    top_grad: Tensor,
    rfeatures: Tensor,
    masks: Tensor,
    rtop_grad: Tensor,
    rbottom_grad_hs: Tensor,
    rbottom_grad: Tensor,
    rmask_grad: Tensor,
    bottom_grad: Tensor,
    mask_grad: Tensor,
    kernel_size: int,
    group_size: int,
    scale_factor: int,
) -> None:
    """Find the gradients, as `carafe_naive_backward`.

    Args:
        top_grad: Gradient of the result.
        rfeatures: The copy of the feature maps that `carafe_forward` made.
        masks: Kernels.
        rtop_grad: Unused buffer of mmcv.
        rbottom_grad_hs: Unused buffer of mmcv.
        rbottom_grad: Unused buffer of mmcv.
        rmask_grad: Unused buffer of mmcv.
        bottom_grad: Takes the gradient of the feature maps.
        mask_grad: Takes the gradient of the kernels.
        kernel_size: Rows and columns of a kernel.
        group_size: Groups of channels that share a kernel.
        scale_factor: Pixels of the result per pixel of the feature map along each axis.

    Raises:
        ValueError: Several devices.
    """
    carafe_naive_backward(
        top_grad,
        rfeatures,
        masks,
        bottom_grad,
        mask_grad,
        kernel_size,
        group_size,
        scale_factor,
    )


def _pad(features: Tensor, kernel_size: int, group_size: int) -> Tensor:
    """Return the maps with zeros around them, (B, groups, C / groups, H + 2 r, W + 2 r)."""
    edge = kernel_size // 2
    padded = F.pad(features, (edge, edge, edge, edge))
    return padded.view(len(features), group_size, -1, *padded.shape[2:])


def _split_kernels(masks: Tensor, kernel_size: int, group_size: int, scale: int) -> Tensor:
    """Return the kernels as (B, groups, k * k, H, scale, W, scale)."""
    batch, _, height, width = masks.shape
    shape = (batch, group_size, kernel_size**2, height // scale, scale, width // scale, scale)
    return masks.reshape(shape)


def _iterate_taps(kernel_size: int, height: int, width: int) -> Iterator[tuple[int, slice, slice]]:
    """Yield each tap of the kernel and the part of the padded map that it reads."""
    for i in range(kernel_size):
        for j in range(kernel_size):
            yield i * kernel_size + j, slice(i, i + height), slice(j, j + width)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "carafe_naive_forward": carafe_naive_forward,
    "carafe_naive_backward": carafe_naive_backward,
    "carafe_forward": carafe_forward,
    "carafe_backward": carafe_backward,
}
