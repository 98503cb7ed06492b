"""Boxes in xyxy pixels: what counts as a box, and the size bins of AI-TOD."""

import torch
from torch import Tensor

#: Absolute size bins of the AI-TOD protocol: name -> (lower, upper) area in square pixels.
SIZE_BINS: dict[str, tuple[float, float]] = {
    "vt": (0, 8**2),
    "t": (8**2, 16**2),
    "s": (16**2, 32**2),
    "m": (32**2, 1e10),
}


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
    """
    if boxes.ndim != 2 or boxes.size(-1) != 4:
        raise ValueError(
            f"boxes must have shape (N, 4), xyxy in pixels, but got {tuple(boxes.shape)}"
        )
    if boxes.dtype != torch.float64:
        boxes = boxes.float()
    is_box = torch.isfinite(box_areas(boxes))
    is_box &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return boxes.masked_fill(~is_box[:, None], 0)


def box_areas(boxes: Tensor) -> Tensor:
    """Return the areas, shape (N,), in square pixels of boxes of shape (N, 4), xyxy."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def size_bin_indices(boxes: Tensor) -> Tensor:
    """Return for each box the index of its size bin in the order of :data:`SIZE_BINS`.

    Args:
        boxes: Boxes of shape (N, 4), xyxy in pixels.

    Returns:
        Indices of shape (N,), dtype int64. An area on the border of two bins counts in the lower.
    """
    areas = box_areas(boxes)
    borders = [upper for _, upper in SIZE_BINS.values()][:-1]
    return sum((areas > border).long() for border in borders)  # type: ignore[return-value]
