"""Boxes of whole pixels, for labels that are drawn so."""

import torch
from torch import Tensor


def snap_boxes(boxes: Tensor, grid: float, image_size: tuple[int, int]) -> Tensor:
    """Return each box with its edges on the nearest lines of a grid.

    A box around a mask of pixels has its edges between pixels. On an object of 5 px the fractions
    that a detector predicts are then errors alone.

    Args:
        boxes: Shape (N, 4), xyxy, in pixels of the image that the labels were drawn on.
        grid: Distance of the lines in these pixels, no more than a side of the image: 1 for whole
            pixels, .5 at half size.
        image_size: Height and width of the image in pixels.

    Returns:
        The boxes (N, 4). A side has a length of `grid` at least: where both edges are nearest to
        one line, the box takes the cell that its center lies in.
    """
    height, width = image_size
    most = torch.tensor([width, height], dtype=boxes.dtype, device=boxes.device).div(grid).floor()
    low, high = (boxes / grid).view(-1, 2, 2).unbind(1)
    first, last = low.round(), high.round().minimum(most)
    cell = ((low + high) / 2).floor().minimum(most - 1).clamp(min=0)
    empty = last <= first
    first = torch.where(empty, cell, first)
    last = torch.where(empty, cell + 1, last)
    return torch.cat([first, last], 1) * grid


def check_box_grid(value: object) -> None:
    """Refuse a grid that cannot be; None is to leave the edges where they are.

    Raises:
        ValueError: It is neither None nor a finite number above 0.
    """
    if value is None:
        return
    is_length = isinstance(value, (int, float)) and 0 < value < float("inf")
    if isinstance(value, bool) or not is_length:
        raise ValueError(
            "test_cfg.box_grid must be the distance of the labels' edges in pixels, such as 1, or "
            f"None, but got {value!r}"
        )
