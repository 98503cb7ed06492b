"""Feature values between pixels, in plain torch."""

import torch
from torch import Tensor


def find_corners(y: Tensor, x: Tensor, height: int, width: int) -> list[tuple[Tensor, Tensor]]:
    """Find the four pixels around each point and their weights.

    A point up to one pixel outside the map takes the value of the border; further out all its
    weights are zero. This is the rule of RoIAlign.

    Args:
        y: Rows in pixels, any shape.
        x: Columns in pixels, same shape.
        height: Rows of the map, at least 1.
        width: Columns of the map, at least 1.

    Returns:
        Four pairs of the index into the flattened map (int64) and the weight.
    """
    inside = (y >= -1) & (y <= height) & (x >= -1) & (x <= width)
    y, x = (torch.where(inside, v, 0.0) for v in (y, x))
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.detach().floor(), x.detach().floor()
    ly, lx = y - top, x - left
    top, left = top.long(), left.long()
    bottom, right = (top + 1).clamp(max=height - 1), (left + 1).clamp(max=width - 1)
    hy, hx = 1 - ly, 1 - lx
    corners = [(top, left, hy * hx), (top, right, hy * lx)]
    corners += [(bottom, left, ly * hx), (bottom, right, ly * lx)]
    return [(row * width + column, weight * inside) for row, column, weight in corners]


def sample(features: Tensor, image: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Read feature maps at points between the pixels.

    Args:
        features: Feature maps, (B, C, H, W).
        image: Index of the image of each row of points, (K,), int64.
        y: Rows in pixels, (K, P).
        x: Columns in pixels, (K, P).

    Returns:
        Values, (K, P, C), differentiable in `features`, `y` and `x`.
    """
    _, channels, height, width = features.shape
    table = features.permute(0, 2, 3, 1).reshape(-1, channels)
    first = image[:, None] * (height * width)
    values = features.new_zeros(*y.shape, channels)
    for index, weight in find_corners(y, x, height, width):
        picked = table.index_select(0, (first + index).flatten())
        values = values + picked.view(*y.shape, channels) * weight[..., None]
    return values
