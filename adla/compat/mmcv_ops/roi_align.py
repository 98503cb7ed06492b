"""RoIAlign: the mean by torchvision's kernel, the maximum in plain torch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .bilinear import find_corners, sample
from .precision import widen
from .roi_bins import iterate_bin_points
from .roi_checks import check_rois

MAX_MODE = 0
# A coordinate that no bin's point is looked up at: all its weights are zero.
NOWHERE = -2.0


def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Pool each region into bins.

    A region without area holds no points when `aligned` and `sampling_ratio` is 0; its bins are 0.

    Args:
        input: Feature maps, (B, C, H, W).
        rois: Regions, (K, 5): index of the image, then xyxy in pixels of the image.
        output: Takes the bins, (K, C, aligned_height, aligned_width).
        argmax_y: Takes the row of the largest point of each bin in pixels of the feature map, a
            row far outside where there is none; same shape as `output`, unused for the mean.
        argmax_x: The same for the column.
        aligned_height: Rows of bins.
        aligned_width: Columns of bins.
        spatial_scale: Pixels of the feature map per pixel of the image.
        sampling_ratio: Points of a bin along each axis; 0: as many as it has pixels.
        pool_mode: 0 for the maximum of a bin's points, 1 for the mean.
        aligned: Whether pixel centers lie at half-integers.

    Raises:
        ValueError: Regions that cannot be pooled, see `check_rois`.
    """
    check_rois(input, rois)
    if not output.numel() or not input.numel():
        return
    pooled = (aligned_height, aligned_width)
    features, regions = widen(input, rois)
    if pool_mode == MAX_MODE:
        result, *argmax = _pool_max(
            features, regions, pooled, spatial_scale, sampling_ratio, aligned
        )
        argmax_y.copy_(argmax[0])
        argmax_x.copy_(argmax[1])
    else:
        regions = _flatten_inverted(regions, sampling_ratio, aligned)
        result = torch.ops.torchvision.roi_align(
            features, regions, spatial_scale, *pooled, sampling_ratio, aligned
        )
    output.copy_(result)


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Send the gradient of the bins back to the feature maps.

    Args:
        grad_output: Gradient of the bins, (K, C, aligned_height, aligned_width).
        rois: As in `roi_align_forward`, like all arguments that are not named here.
        argmax_y: What `roi_align_forward` wrote.
        argmax_x: What `roi_align_forward` wrote.
        grad_input: Takes the gradient of the feature maps, (B, C, H, W).
        aligned_height: Rows of bins.
        aligned_width: Columns of bins.
        spatial_scale: Pixels of the feature map per pixel of the image.
        sampling_ratio: Points of a bin along each axis.
        pool_mode: 0 for the maximum, 1 for the mean.
        aligned: Whether pixel centers lie at half-integers.

    Raises:
        ValueError: Regions that cannot be pooled, see `check_rois`.
    """
    check_rois(grad_input, rois)
    if not grad_output.numel() or not grad_input.numel():
        return
    pooled = (aligned_height, aligned_width)
    grad, regions = widen(grad_output, rois)
    shape = grad_input.shape
    if pool_mode == MAX_MODE:
        result = _scatter_max(grad, regions, *widen(argmax_y, argmax_x), shape)
    elif grad.device.type == "cuda" and torch.are_deterministic_algorithms_enabled():
        result = scatter_mean(grad, regions, shape, pooled, spatial_scale, sampling_ratio, aligned)
    else:
        regions = _flatten_inverted(regions, sampling_ratio, aligned)
        result = torch.ops.torchvision._roi_align_backward(
            grad, regions, spatial_scale, *pooled, *shape, sampling_ratio, aligned
        )
    grad_input.copy_(result)


def _flatten_inverted(rois: Tensor, sampling_ratio: int, aligned: bool) -> Tensor:
    """Give regions with x2 < x1 or y2 < y1 no area, where their number of points depends on it.

    torchvision's CUDA kernel finds no points in either; its CPU kernel fails on inverted ones.
    """
    if sampling_ratio > 0 or not aligned:
        return rois
    return torch.cat([rois[:, :3], torch.maximum(rois[:, 1:3], rois[:, 3:])], 1)


def _pool_max(
    features: Tensor,
    rois: Tensor,
    pooled: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the largest point of each bin and its row and column, each (K, C, ph, pw)."""
    channels = features.size(1)
    result = features.new_zeros(len(rois), channels, *pooled)
    argmax_y, argmax_x = (torch.full_like(result, NOWHERE) for _ in range(2))
    for group in iterate_bin_points(rois, channels, pooled, spatial_scale, sampling_ratio, aligned):
        k, points = len(group.chosen), group.y.size(3)
        values = sample(features, group.image, group.y.flatten(1), group.x.flatten(1))
        best, index = values.view(k, *pooled, points, channels).max(3)
        result[group.chosen] = best.permute(0, 3, 1, 2)
        argmax_y[group.chosen] = group.y.gather(3, index).permute(0, 3, 1, 2)
        argmax_x[group.chosen] = group.x.gather(3, index).permute(0, 3, 1, 2)
    return result, argmax_y, argmax_x


def _scatter_max(
    grad: Tensor, rois: Tensor, argmax_y: Tensor, argmax_x: Tensor, shape: torch.Size
) -> Tensor:
    """Return the gradient of the maximum with respect to the feature maps."""
    batch, channels, height, width = shape
    image = rois[:, 0].long()[:, None]
    plane = image * channels + torch.arange(channels, device=grad.device)
    first = plane[:, :, None, None] * (height * width)
    result = grad.new_zeros(batch * channels * height * width)
    for index, weight in find_corners(argmax_y, argmax_x, height, width):
        result.index_add_(0, (first + index).flatten(), (grad * weight).flatten())
    return result.view(shape)


def scatter_mean(
    grad: Tensor,
    rois: Tensor,
    shape: torch.Size,
    pooled: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """Return the gradient of the mean with respect to the feature maps, in plain torch.

    Its order of summation is fixed under ``torch.use_deterministic_algorithms``, for which
    torchvision's CUDA kernel has no support.

    Args:
        grad: Gradient of the bins, (K, C, ph, pw).
        rois: Regions, (K, 5).
        shape: Shape of the feature maps, (B, C, H, W).
        pooled: Rows and columns of bins.
        spatial_scale: Pixels of the feature map per pixel of the image.
        sampling_ratio: Points of a bin along each axis.
        aligned: Whether pixel centers lie at half-integers.
    """
    batch, channels, height, width = shape
    table = grad.new_zeros(batch * height * width, channels)
    for group in iterate_bin_points(rois, channels, pooled, spatial_scale, sampling_ratio, aligned):
        points = group.y.size(3)
        share = grad[group.chosen].permute(0, 2, 3, 1)[:, :, :, None] / points
        first = group.image[:, None, None, None] * (height * width)
        for index, weight in find_corners(group.y, group.x, height, width):
            part = (share * weight[..., None]).flatten(0, 3)
            table.index_add_(0, (first + index).flatten(), part)
    return table.view(batch, height, width, channels).permute(0, 3, 1, 2)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "roi_align_forward": roi_align_forward,
    "roi_align_backward": roi_align_backward,
}
