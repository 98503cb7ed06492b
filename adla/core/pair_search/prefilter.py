"""Which boxes can overlap any of some others: the first sieve, of a few reads a box."""

import torch
from torch import Tensor
from torch.nn.functional import pad

#: Cells of the grid along each axis.
GRID_CELLS = 128

#: Neighbors in the order of the boxes that are looked at together first.
GROUP = 16

#: Queries up to which each box is compared with all of them, which needs no grid.
FEW_QUERIES = 16

#: Borders of a grid in pixels at the farthest, so that its extent stays finite.
FARTHEST = 1e30


def near_any(queries: Tensor, boxes: Tensor, partners: Tensor | None = None) -> Tensor:
    """Find the boxes that are near any query: all that overlap one, and some more.

    A few queries are compared one by one. Of many, a summed-area table of the grid cells that they
    cover tells with four reads a box whether it shares a cell with one. No overlapping box is lost,
    because the cell of a coordinate is a monotone function of it, and coordinates outside the grid
    count for its border.

    Args:
        queries: Boxes of shape (K, 4), xyxy in pixels, as :func:`~adla.core.clean_boxes` gives
            them; K > 0.
        boxes: Shape (N, 4), xyxy in pixels, of the same type; any value, also NaN.
        partners: Shape (N, 4), likewise: what is asked is then whether box or partner is near.

    Returns:
        Indices of boxes in ascending order, int64.
    """
    ground = (_Few if len(queries) <= FEW_QUERIES else _Grid)(queries)
    if partners is None:
        corners = torch.stack(boxes.unbind(1))
    else:
        corners = boxes.new_empty(4, len(boxes))
        torch.minimum(boxes.t()[:2], partners.t()[:2], out=corners[:2])
        torch.maximum(boxes.t()[2:], partners.t()[2:], out=corners[2:])
    # Anchors of one place stand side by side: most groups of neighbors are far from all queries.
    whole = len(boxes) // GROUP * GROUP
    groups = corners[:, :whole].view(4, -1, GROUP)
    around = torch.cat([groups[:2].amin(dim=2), groups[2:].amax(dim=2)])
    group = ground.covers(around).nonzero()
    inside = torch.arange(GROUP, device=boxes.device)
    rest = torch.arange(whole, len(boxes), device=boxes.device)
    place = torch.cat([(group * GROUP + inside).view(-1), rest])
    near = ground.covers(corners.index_select(1, place)).nonzero().squeeze(1)
    return place.index_select(0, near)


def grid_extent(queries: Tensor) -> tuple[Tensor, Tensor]:
    """Return the corners, (2,) each, of where the queries are; a few far away do not stretch it."""
    low, high = queries[:, :2].amin(dim=0), queries[:, 2:].amax(dim=0)
    middle = _median(queries[:, :2])
    spread = _median((queries[:, :2] - middle).abs_()).mul_(4)
    side = _median(queries[:, 2:] - queries[:, :2])
    low = torch.maximum(low, middle - spread).clamp_(-FARTHEST, FARTHEST)
    high = torch.minimum(high, middle + spread + side).clamp_(max=FARTHEST)
    return low, torch.maximum(high, low)


def _median(rows: Tensor) -> Tensor:
    """Return the lower median of columns (K, 2); ``median`` is not deterministic on CUDA."""
    return rows.sort(dim=0).values[(len(rows) - 1) // 2]


class _Few:
    """Some queries, with which boxes are compared directly."""

    def __init__(self, queries: Tensor) -> None:
        self._left, self._top, self._right, self._bottom = queries.t()[:, :, None]

    def covers(self, corners: Tensor) -> Tensor:
        """Return whether boxes overlap any query, bool (N,), from columns (4, N).

        A NaN is beyond no border: its partner may still be a box.
        """
        left, top, right, bottom = corners
        beyond = left >= self._right
        beyond |= top >= self._bottom
        beyond |= self._left >= right
        beyond |= self._top >= bottom
        return ~beyond.all(dim=0)


class _Grid:
    """Which cells of a grid any query covers, as a summed-area table: four reads tell of a box."""

    def __init__(self, queries: Tensor) -> None:
        low, high = grid_extent(queries)
        # The outermost cells are beyond the queries' extent, for the boxes that lie there.
        per_pixel = (GRID_CELLS - 3) / (high - low).clamp_(min=1)
        self._low, self._per_pixel = (
            x.repeat(2)[:, None] for x in (low - 1 / per_pixel, per_pixel)
        )
        side = GRID_CELLS + 1
        left, top, right, bottom = self._cells(queries.t())
        is_box = (queries[:, 2:] > queries[:, :2]).all(dim=1).int()
        steps = torch.zeros(side * side, dtype=torch.int32, device=queries.device)
        for y, x, sign in (
            (top, left, 1),
            (bottom, right, 1),
            (top, right, -1),
            (bottom, left, -1),
        ):
            steps.index_add_(0, y * side + x, is_box, alpha=sign)
        covered = steps.view(side, side).cumsum(0).cumsum(1)[:-1, :-1] > 0
        self._table = pad(covered.int().cumsum(0).cumsum(1), (1, 0, 1, 0)).int().view(-1)

    def covers(self, corners: Tensor) -> Tensor:
        """Return whether boxes share a cell with any query, bool (N,), from columns (4, N)."""
        left, top, right, bottom = self._cells(corners)
        top, bottom = top.mul_(GRID_CELLS + 1), bottom.mul_(GRID_CELLS + 1)
        table = self._table
        covered = table.index_select(0, bottom + right).sub_(table.index_select(0, top + right))
        covered.sub_(table.index_select(0, bottom + left)).add_(table.index_select(0, top + left))
        return covered > 0

    def _cells(self, corners: Tensor) -> Tensor:
        """Return the first column and row of boxes, and those after the last, int32 (4, N)."""
        corners = (corners - self._low).mul_(self._per_pixel).clamp_(0, GRID_CELLS - 1)
        # A NaN reaches to the end of the grid: its partner may still be a box.
        corners[:2].nan_to_num_(0)
        corners[2:].nan_to_num_(GRID_CELLS - 1)
        cells = corners.int()
        cells[2:] += 1
        return cells
