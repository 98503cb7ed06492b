"""RoIPool: the largest pixel of each bin of a region, in plain torch.

torchvision's RoIPool rounds the regions to whole pixels first; mmcv's does not.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .precision import widen
from .roi_bins import BUDGET
from .roi_checks import check_rois


def roi_pool_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Take the largest pixel of each bin of each region; bins without pixels are 0.

    Args:
        input: Feature maps, (B, C, H, W).
        rois: Regions, (K, 5): index of the image, then xyxy in pixels of the image, both ends
            included.
        output: Takes the bins, (K, C, pooled_height, pooled_width).
        argmax: Takes the index of each bin's pixel in the flattened map, -1 where it has none;
            int32, same shape.
        pooled_height: Rows of bins.
        pooled_width: Columns of bins.
        spatial_scale: Pixels of the feature map per pixel of the image.

    Raises:
        ValueError: Regions that cannot be pooled, see `check_rois`.
    """
    check_rois(input, rois)
    argmax.fill_(-1)
    if not output.numel() or not input.numel():
        return
    height, width = input.shape[2:]
    (regions,) = widen(rois)
    start = regions[:, 1:3] * spatial_scale
    size = (regions[:, 3:] + 1) * spatial_scale - start
    has_area = (size > 0).all(1, keepdim=True)
    x1, x2 = _cut(start[:, 0], size[:, 0], pooled_width, width)
    y1, y2 = _cut(start[:, 1], size[:, 1], pooled_height, height)
    x2, y2 = torch.where(has_area, x2, x1), torch.where(has_area, y2, y1)
    longest = [int((high - low).max()) for low, high in ((y1, y2), (x1, x2))]
    if min(longest) <= 0:
        return
    values = input.size(1) * pooled_height * pooled_width * longest[0] * longest[1]
    image = regions[:, 0].long()
    for chosen in torch.arange(len(rois), device=rois.device).split(max(1, BUDGET // values)):
        rows, in_rows = _list_pixels(y1[chosen], y2[chosen], longest[0])
        columns, in_columns = _list_pixels(x1[chosen], x2[chosen], longest[1])
        index = rows[:, :, None, :, None] * width + columns[:, None, :, None, :]
        valid = in_rows[:, :, None, :, None] & in_columns[:, None, :, None, :]
        best, place = _take_largest(input, image[chosen], index.flatten(3), valid.flatten(3))
        output[chosen] = best.to(output.dtype)
        argmax[chosen] = place.to(argmax.dtype)


def roi_pool_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax: Tensor,
    grad_input: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Send the gradient of each bin back to the pixel it was taken from.

    Args:
        grad_output: Gradient of the bins, (K, C, pooled_height, pooled_width).
        rois: Regions, (K, 5).
        argmax: What `roi_pool_forward` wrote.
        grad_input: Takes the gradient of the feature maps, (B, C, H, W).
        pooled_height: Unused; mmcv passes it.
        pooled_width: Unused; mmcv passes it.
        spatial_scale: Unused; mmcv passes it.

    Raises:
        ValueError: Regions that cannot be pooled, see `check_rois`.
    """
    check_rois(grad_input, rois)
    if not grad_output.numel() or not grad_input.numel():
        return
    batch, channels, height, width = grad_input.shape
    (grad,) = widen(grad_output)
    plane = rois[:, 0].long()[:, None] * channels + torch.arange(channels, device=rois.device)
    index = plane[:, :, None, None] * (height * width) + argmax.clamp(min=0)
    result = grad.new_zeros(batch * channels * height * width)
    result.index_add_(0, index.flatten(), (grad * (argmax >= 0)).flatten())
    grad_input.copy_(result.view_as(grad_input))


def _cut(start: Tensor, size: Tensor, bins: int, length: int) -> tuple[Tensor, Tensor]:
    """Return the first pixel of each bin along one axis and the one after its last, (K, bins)."""
    bin_size = (size / bins)[:, None]
    index = torch.arange(bins + 1, device=start.device, dtype=start.dtype)
    edges = index * bin_size + start[:, None]
    first = edges[:, :-1].floor().clamp(0, length)
    last = edges[:, 1:].ceil().clamp(0, length)
    return first.long(), last.long()


def _list_pixels(first: Tensor, last: Tensor, longest: int) -> tuple[Tensor, Tensor]:
    """Return the pixels of each bin along one axis and which of them are real, (k, bins, n)."""
    pixels = first[:, :, None] + torch.arange(longest, device=first.device)
    real = pixels < last[:, :, None]
    return torch.where(real, pixels, 0), real


def _take_largest(
    features: Tensor, image: Tensor, index: Tensor, valid: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the largest value of each bin, 0 for none, and its index, -1 for none.

    Args:
        features: Feature maps, (B, C, H, W).
        image: Index of each region's image, (k,).
        index: Indices into the flattened map, (k, ph, pw, n).
        valid: Which of them belong to the bin, same shape.

    Returns:
        Two tensors of shape (k, C, ph, pw).
    """
    channels = features.size(1)
    table = features.flatten(2)
    planes = image[:, None] * channels + torch.arange(channels, device=image.device)
    flat = planes[:, :, None, None, None] * table.size(2) + index[:, None]
    values = table.reshape(-1)[flat]
    values = values.masked_fill(~valid[:, None], -torch.inf)
    best, first = values.max(-1)
    place = index[:, None].expand_as(values).gather(-1, first[..., None])[..., 0]
    empty = ~valid.any(-1)[:, None]
    return best.masked_fill(empty, 0), place.masked_fill(empty, -1)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "roi_pool_forward": roi_pool_forward,
    "roi_pool_backward": roi_pool_backward,
}
