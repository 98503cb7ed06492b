"""Which boxes can overlap any of some others: the first sieve, of a few reads a box."""

import torch
from torch import Tensor
from torch.nn.functional import pad

#: Cells of the grid along each axis.
GRID_CELLS = 128

#: Borders of a grid in pixels at the farthest, so that its extent stays finite.
FARTHEST = 1e30


def near_any(queries: Tensor, boxes: Tensor, partners: Tensor | None = None) -> Tensor:
    """Find the boxes that share a grid cell with any query: all that overlap one, and some more.

    A summed-area table of the cells that the queries cover gives the answer with four reads a box.
    It is exact because the cell of a coordinate is a monotone function of it, and coordinates
    outside the grid count for its border.

    Args:
        queries: Boxes of shape (K, 4), xyxy in pixels, as :func:`~adla.core.clean_boxes` gives
            them; K > 0.
        boxes: Shape (N, 4), xyxy in pixels, of the same type; any value, also NaN.
        partners: Shape (N, 4), likewise: what is asked is then whether box or partner is near.

    Returns:
        Indices of boxes in ascending order, int64.
    """
    low, high = grid_extent(queries)
    # The outermost cells are beyond the queries' extent, for the boxes that lie there.
    per_pixel = (GRID_CELLS - 3) / (high - low).clamp_(min=1)
    low, per_pixel = (x.repeat(2)[:, None] for x in (low - 1 / per_pixel, per_pixel))

    def cells(corners: Tensor) -> Tensor:
        corners = (corners - low).mul_(per_pixel).clamp_(0, GRID_CELLS - 1)
        # A NaN reaches to the end of the grid: its partner may still be a box.
        corners[:2].nan_to_num_(0)
        corners[2:].nan_to_num_(GRID_CELLS - 1)
        corners = corners.int()
        corners[2:] += 1
        return corners

    table = _covered_cells(queries, cells(queries.t()))
    corners = boxes.t()
    if partners is not None:
        corners = boxes.new_empty(4, len(boxes))
        torch.minimum(boxes.t()[:2], partners.t()[:2], out=corners[:2])
        torch.maximum(boxes.t()[2:], partners.t()[2:], out=corners[2:])
    left, top, right, bottom = cells(corners)
    top, bottom = top.mul_(GRID_CELLS + 1), bottom.mul_(GRID_CELLS + 1)
    covered = table.index_select(0, bottom + right).sub_(table.index_select(0, top + right))
    covered.sub_(table.index_select(0, bottom + left)).add_(table.index_select(0, top + left))
    return (covered > 0).nonzero().squeeze(1)


def grid_extent(queries: Tensor) -> tuple[Tensor, Tensor]:
    """Return the corners, (2,) each, of where the queries are; a few far away do not stretch it."""
    low, high = queries[:, :2].amin(dim=0), queries[:, 2:].amax(dim=0)
    middle = queries[:, :2].median(dim=0).values
    spread = (queries[:, :2] - middle).abs_().median(dim=0).values.mul_(4)
    side = (queries[:, 2:] - queries[:, :2]).median(dim=0).values
    low = torch.maximum(low, middle - spread).clamp_(-FARTHEST, FARTHEST)
    high = torch.minimum(high, middle + spread + side).clamp_(max=FARTHEST)
    return low, torch.maximum(high, low)


def _covered_cells(queries: Tensor, cells: Tensor) -> Tensor:
    """Return the summed-area table, flat, of the queries' cells left, top, right, bottom."""
    side = GRID_CELLS + 1
    left, top, right, bottom = cells
    is_box = (queries[:, 2:] > queries[:, :2]).all(dim=1).int()
    steps = torch.zeros(side * side, dtype=torch.int32, device=queries.device)
    for y, x, sign in ((top, left, 1), (bottom, right, 1), (top, right, -1), (bottom, left, -1)):
        steps.index_add_(0, y * side + x, is_box, alpha=sign)
    covered = steps.view(side, side).cumsum(0).cumsum(1)[:-1, :-1] > 0
    return pad(covered.int().cumsum(0).cumsum(1), (1, 0, 1, 0)).int().view(-1)
