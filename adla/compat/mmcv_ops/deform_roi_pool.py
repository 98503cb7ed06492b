"""Deformable RoI pooling: RoIAlign's mean with bins that are moved, in plain torch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .bilinear import sample
from .checks import check_devices, check_floating, check_shape
from .precision import widen
from .roi_bins import iterate_bin_points
from .roi_checks import check_rois


def deform_roi_pool_forward(
    input: Tensor,
    rois: Tensor,
    offset: Tensor,
    output: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    gamma: float,
) -> None:
    """Pool each region into bins that offsets move.

    Args:
        input: Feature maps, (B, C, H, W).
        rois: Regions, (K, 5): index of the image, then xyxy in pixels of the image.
        offset: Moves of the bins along x and y in regions' sizes times `gamma`,
            (K, 2, pooled_height, pooled_width), or empty for none.
        output: Takes the bins, (K, C, pooled_height, pooled_width).
        pooled_height: Rows of bins.
        pooled_width: Columns of bins.
        spatial_scale: Pixels of the feature map per pixel of the image.
        sampling_ratio: Points of a bin along each axis; 0: as many as it has pixels.
        gamma: Factor of the offsets.

    Raises:
        ValueError: Regions that cannot be pooled, or offsets of another shape or device.
    """
    _check(input, rois, offset, (pooled_height, pooled_width))
    if not output.numel() or not input.numel():
        return
    output.copy_(
        _pool(*widen(input, rois, offset), output.shape[2:], spatial_scale, sampling_ratio, gamma)
    )


def deform_roi_pool_backward(
    grad_output: Tensor,
    input: Tensor,
    rois: Tensor,
    offset: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    gamma: float,
) -> None:
    """Find the gradients of the feature maps and of the offsets.

    Args:
        grad_output: Gradient of the bins, (K, C, pooled_height, pooled_width).
        input: As in `deform_roi_pool_forward`, like all arguments that are not named here.
        rois: Regions.
        offset: Moves of the bins.
        grad_input: Takes the gradient of the feature maps.
        grad_offset: Takes the gradient of the offsets.
        pooled_height: Rows of bins.
        pooled_width: Columns of bins.
        spatial_scale: Pixels of the feature map per pixel of the image.
        sampling_ratio: Points of a bin along each axis.
        gamma: Factor of the offsets.

    Raises:
        ValueError: As in `deform_roi_pool_forward`.
    """
    _check(input, rois, offset, (pooled_height, pooled_width))
    if not grad_output.numel() or not input.numel():
        return
    features, regions, moves = widen(input, rois, offset)
    features, moves = (tensor.detach().requires_grad_() for tensor in (features, moves))
    with torch.enable_grad():
        output = _pool(
            features,
            regions,
            moves,
            grad_output.shape[2:],
            spatial_scale,
            sampling_ratio,
            gamma,
        )
    if not output.requires_grad:
        return
    grads = torch.autograd.grad(
        output, (features, moves), grad_output.to(output.dtype), materialize_grads=True
    )
    grad_input.copy_(grads[0])
    grad_offset.copy_(grads[1])


def _check(features: Tensor, rois: Tensor, offset: Tensor, pooled: tuple[int, int]) -> None:
    """Check the arguments."""
    check_rois(features, rois)
    check_floating(features=features, offset=offset)
    check_devices(features=features, offset=offset)
    if offset.numel():
        check_shape("offset", offset, len(rois), 2, *pooled)


def _pool(
    features: Tensor,
    rois: Tensor,
    offset: Tensor,
    pooled: torch.Size,
    spatial_scale: float,
    sampling_ratio: int,
    gamma: float,
) -> Tensor:
    """Return the bins, (K, C, ph, pw), differentiable in `features` and `offset`."""
    channels = features.size(1)
    result = features.new_zeros(len(rois), channels, *pooled)
    for group in iterate_bin_points(
        rois, channels, tuple(pooled), spatial_scale, sampling_ratio, aligned=True
    ):
        y, x = group.y, group.x
        if offset.numel():
            height, width = (size[:, None, None] * gamma for size in group.size)
            move = offset[group.chosen]
            y = y + (height * move[:, 1])[..., None]
            x = x + (width * move[:, 0])[..., None]
        values = sample(features, group.image, y.flatten(1), x.flatten(1))
        means = values.view(*y.shape, channels).mean(3).permute(0, 3, 1, 2)
        result = result.index_copy(0, group.chosen, means)
    return result


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "deform_roi_pool_forward": deform_roi_pool_forward,
    "deform_roi_pool_backward": deform_roi_pool_backward,
}
