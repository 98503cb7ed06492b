"""Match objects with anchors by the ratio of their sides, and with cells by their center."""

from typing import NamedTuple

import torch
from torch import Tensor


class ShapeMatches(NamedTuple):
    """M pairs of an object and an anchor of one level; an object may have several, and none.

    Attributes:
        gt: Shape (M,), index of the object.
        anchor: Shape (M,), index of the anchor in its cell.
        row: Shape (M,), row of the cell.
        column: Shape (M,), column of the cell.
    """

    gt: Tensor
    anchor: Tensor
    row: Tensor
    column: Tensor


def shape_ratios(sizes: Tensor, anchors: Tensor) -> Tensor:
    """Return by which factor a side of an object and the anchor's differ at most, 1 if equal.

    Args:
        sizes: Widths and heights (N, 2), above 0.
        anchors: Widths and heights (A, 2) in the same unit, above 0.

    Returns:
        Factors (N, A), at least 1.

    Example:
        >>> shape_ratios(torch.tensor([[10.0, 4.0]]), torch.tensor([[5.0, 4.0], [10.0, 13.0]]))
        tensor([[2.0000, 3.2500]])
    """
    ratios = sizes[:, None] / anchors
    return torch.maximum(ratios, 1 / ratios).amax(-1)


def match_shapes(
    gts: Tensor,
    anchors: Tensor,
    stride: float,
    grid: tuple[int, int],
    ratio_thr: float = 4.0,
    reach: float = 0.5,
) -> ShapeMatches:
    """Match the objects of a level as YOLOv5 v7.0 does.

    An anchor serves an object if no side differs by a factor of `ratio_thr` or more. The cells are
    the one that holds the object's center and, in x and in y, the neighbor across a border that is
    nearer than `reach` cells, if it lies on the grid: with 0.5 two neighbors, but for centers in
    the middle of a cell and in cells at the border. Levels and anchors do not compete. A center on
    a border has the cells on both sides of it, where v7.0 counts the one behind it twice.

    Args:
        gts: Objects (G, 4), xyxy in pixels, with sides above 0.
        anchors: Widths and heights (A, 2) of the level's anchors, pixels.
        stride: Stride of the level, pixels.
        grid: Rows and columns of the level.
        ratio_thr: The factor, above 1.
        reach: In (0, 0.5]; 0 takes no neighbors.

    Returns:
        The pairs, cell by cell: own cell, left, upper, right, lower neighbor.

    Example:
        >>> box = torch.tensor([[18.0, 22.0, 28.0, 30.0]])  # center 23, 26: row 3, column 2 at 8 px
        >>> found = match_shapes(box, torch.tensor([[10.0, 13.0], [59.0, 119.0]]), 8, (8, 8))
        >>> found.anchor.tolist(), found.row.tolist(), found.column.tolist()
        ([0, 0, 0], [3, 2, 3], [2, 2, 3])
    """
    gt, anchor = (shape_ratios(gts[:, 2:] - gts[:, :2], anchors) < ratio_thr).nonzero(as_tuple=True)
    sides = gts.new_tensor([grid[1], grid[0]])  # in x and y
    center = (gts[gt, :2] + gts[gt, 2:]) / 2 / stride
    before, after = center % 1, (sides - center) % 1
    lower = (before < reach) & (center > 1)
    upper = (after < reach) & (after > 0) & (sides - center > 1)
    own = torch.ones_like(gt, dtype=torch.bool)
    # An object whose center is on the grid's last border belongs to the last cell.
    cell = torch.minimum(center.floor().clamp(min=0), sides - 1).long()
    chosen = torch.stack([own, lower[:, 0], lower[:, 1], upper[:, 0], upper[:, 1]])
    steps = cell.new_tensor([[0, 0], [-1, 0], [0, -1], [1, 0], [0, 1]])
    which, pair = chosen.nonzero(as_tuple=True)
    column, row = (cell[pair] + steps[which]).unbind(1)
    return ShapeMatches(gt[pair], anchor[pair], row, column)
