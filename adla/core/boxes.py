"""Boxes in xyxy pixels: what counts as a box, and which size bin it is in."""

from collections.abc import Sequence

import torch
from torch import Tensor

from adla.size_bins import SIZE_BINS


def clean_boxes(boxes: Tensor) -> Tensor:
    """Return boxes in full precision in which everything that is not a box overlaps nothing.

    A box with a NaN or infinite coordinate or area, or without positive width and height, becomes
    the empty box (0, 0, 0, 0), so that one broken prediction cannot touch any other box.

    Args:
        boxes: Boxes of shape (N, 4), xyxy in pixels, of any floating or integer type.

    Returns:
        Boxes of shape (N, 4); float64 stays float64, every other type becomes float32.

    Raises:
        ValueError: If the last dimension is not 4.

    Example:
        >>> clean_boxes(torch.tensor([[0, 0, 4, 2], [3, 3, 1, 1]])).tolist()
        [[0.0, 0.0, 4.0, 2.0], [0.0, 0.0, 0.0, 0.0]]
    """
    if boxes.ndim != 2 or boxes.size(-1) != 4:
        raise ValueError(
            f"boxes must have shape (N, 4), xyxy in pixels, but got {tuple(boxes.shape)}"
        )
    if boxes.dtype != torch.float64:
        boxes = boxes.float()
    return boxes.masked_fill(_are_none(boxes.unbind(1), box_areas(boxes))[:, None], 0)


def clean_columns(boxes: Tensor) -> Tensor:
    """Return what :func:`clean_boxes` returns of floating boxes (N, 4), coordinate by coordinate.

    Returns:
        The rows x1, y1, x2, y2 and area, shape (5, N), contiguous.
    """
    columns = boxes.new_empty(5, len(boxes))
    for column, coordinates in zip(columns, boxes.unbind(1), strict=False):
        column.copy_(coordinates)
    columns[4] = box_areas(columns.t())
    return columns.masked_fill_(_are_none(columns, columns[4]), 0)


def _are_none(corners: Sequence[Tensor] | Tensor, areas: Tensor) -> Tensor:
    """Return whether boxes, shape (N,), are none, from their coordinates and areas."""
    is_box = torch.isfinite(areas)
    is_box &= (corners[2] > corners[0]) & (corners[3] > corners[1])
    return ~is_box


def box_areas(boxes: Tensor) -> Tensor:
    """Return the areas, shape (N,), in square pixels of boxes of shape (N, 4), xyxy."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def size_bin_indices(boxes: Tensor) -> Tensor:
    """Return for each box the index of its size bin in the order of :data:`SIZE_BINS`.

    Args:
        boxes: Boxes of shape (N, 4), xyxy in pixels.

    Returns:
        Indices of shape (N,), dtype int64. An area on the border of two bins counts in the lower.

    Example:
        >>> size_bin_indices(torch.tensor([[0, 0, 8, 8], [0, 0, 9, 9]])).tolist()
        [0, 1]
    """
    areas = box_areas(boxes)
    borders = [upper for _, upper in SIZE_BINS.values()][:-1]
    return sum((areas > border).long() for border in borders)  # type: ignore[return-value]
