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
    per_pixel = GRID_CELLS / (high - low).clamp_(min=1)

    def cells(values: Tensor, axis: int, if_nan: int = 0) -> Tensor:
        cell = (values - low[axis]).mul_(per_pixel[axis]).clamp_(0, GRID_CELLS - 1)
        return cell.nan_to_num_(if_nan).int()

    table = _covered_cells(queries, [cells(queries[:, i], i % 2) + i // 2 for i in range(4)])
    corners = list(boxes.unbind(1))
    if partners is not None:
        merge = [torch.minimum, torch.minimum, torch.maximum, torch.maximum]
        corners = [f(*x) for f, *x in zip(merge, corners, partners.unbind(1), strict=True)]
    # A NaN makes the box reach over the whole grid: its partner may still be a box.
    left, top = (cells(corners[i], i) for i in (0, 1))
    right, bottom = (cells(corners[i], i - 2, GRID_CELLS - 1).add_(1) for i in (2, 3))
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


def _covered_cells(queries: Tensor, cells: list[Tensor]) -> Tensor:
    """Return the summed-area table, flat, of the queries' cells left, top, right, bottom."""
    side = GRID_CELLS + 1
    left, top, right, bottom = cells
    is_box = (queries[:, 2:] > queries[:, :2]).all(dim=1).int()
    steps = torch.zeros(side * side, dtype=torch.int32, device=queries.device)
    for y, x, sign in ((top, left, 1), (bottom, right, 1), (top, right, -1), (bottom, left, -1)):
        steps.index_add_(0, y * side + x, is_box, alpha=sign)
    covered = steps.view(side, side).cumsum(0).cumsum(1)[:-1, :-1] > 0
    return pad(covered.int().cumsum(0).cumsum(1), (1, 0, 1, 0)).int().view(-1)
