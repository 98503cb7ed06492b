"""The sample points of RoIAlign's bins, in plain torch."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

# Sampled values held at one time: 64 MiB in float32.
BUDGET = 2**24


class BinPoints(NamedTuple):
    """The points of some regions whose bins hold equally many of them.

    Attributes:
        chosen: Indices of the regions, (k,).
        image: Index of each region's image, (k,), int64.
        y: Rows in pixels of the feature map, (k, ph, pw, points of a bin).
        x: Columns, same shape.
        size: Height and width of the regions in pixels of the feature map, two of (k,).
    """

    chosen: Tensor
    image: Tensor
    y: Tensor
    x: Tensor
    size: tuple[Tensor, Tensor]


def iterate_bin_points(
    rois: Tensor,
    channels: int,
    pooled: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> Iterator[BinPoints]:
    """Yield the points at which RoIAlign reads each region, group by group.

    Args:
        rois: Regions, (K, 5): index of the image, then xyxy in pixels of the image.
        channels: Channels of the feature map, which bound the size of a group.
        pooled: Bins of a region, rows and columns.
        spatial_scale: Pixels of the feature map per pixel of the image.
        sampling_ratio: Points of a bin along each axis; 0: as many as it has pixels.
        aligned: Whether pixel centers lie at half-integers; if not, a region has at least one
            pixel along each axis.

    Yields:
        Groups of regions. Regions without points, which have no area, are left out.
    """
    shift = 0.5 if aligned else 0.0
    left, top, right, bottom = (rois[:, 1:] * spatial_scale - shift).unbind(1)
    height, width = bottom - top, right - left
    if not aligned:
        height, width = height.clamp(min=1), width.clamp(min=1)
    bin_height, bin_width = height / pooled[0], width / pooled[1]
    if sampling_ratio > 0:
        counts = rois.new_full((len(rois), 2), sampling_ratio, dtype=torch.long)
    else:
        counts = torch.stack([bin_height.ceil(), bin_width.ceil()], 1).long()
    for count in counts.unique(dim=0).tolist():
        rows, columns = count
        if rows <= 0 or columns <= 0:
            continue
        group = (counts == counts.new_tensor(count)).all(1).nonzero().flatten()
        values = pooled[0] * pooled[1] * rows * columns * channels
        for chosen in group.split(max(1, BUDGET // max(values, 1))):
            y = _place(top[chosen], bin_height[chosen], pooled[0], rows)
            x = _place(left[chosen], bin_width[chosen], pooled[1], columns)
            shape = (len(chosen), *pooled, rows, columns)
            y = y[:, :, None, :, None].expand(shape).flatten(3)
            x = x[:, None, :, None, :].expand(shape).flatten(3)
            size = (height[chosen], width[chosen])
            yield BinPoints(chosen, rois[chosen, 0].long(), y, x, size)


def _place(start: Tensor, bin_size: Tensor, bins: int, points: int) -> Tensor:
    """Return the coordinates of the points along one axis, (k, bins, points)."""
    bin_index = torch.arange(bins, device=start.device, dtype=start.dtype)
    point = torch.arange(points, device=start.device, dtype=start.dtype) + 0.5
    first = start[:, None] + bin_index * bin_size[:, None]
    return first[:, :, None] + point * bin_size[:, None, None] / points
