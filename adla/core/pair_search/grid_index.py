"""Which boxes can overlap which queries: a superset of the overlapping pairs, in blocks.

A box overlaps a query only if its upper left corner lies in the query's box, enlarged to the upper
left by the size of the box. So the boxes are sorted by kind (size, and whether wide, square or
tall) and, inside a kind, by the grid cell of that corner, row after row. For one query, one kind
and one row of cells the candidates are then a *run*: neighbours in the sorted order. Every box
stands in one cell, so no pair occurs twice, and nothing is ever compared that is not near.

Exact under rounding: the cell of a coordinate is a monotone function of it (subtract, multiply,
clamp and floor are monotone in floating point), and the reach of a kind is rounded up. A corner
between two coordinates lies in a cell between theirs, also outside the grid, which ends in the
clamped border cells. Kinds and the extent of the grid decide about speed, never about the result.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from .prefilter import FARTHEST, grid_extent

#: Rows of cells in the grid of a kind, at most, and columns per row. There are fewer for fewer
#: boxes, so that the table of all cells stays about as large as four times the boxes.
GRID_ROWS = 128
COLUMNS_PER_ROW = 4

#: Sizes by the longer side, two per octave, from up to 1 px to above 2^15 px.
SIZES = 32

#: Shapes: about twice as wide as high, square, about twice as high as wide.
SHAPES = 3

#: Width and height of the cells of each shape, as shares of the longer side. A narrow cell fits the
#: query tighter at no cost; a lower one means more runs.
CELL_WIDTH = (1 / 16, 1 / 16, 1 / 32)
CELL_HEIGHT = (1 / 4, 1 / 2, 1 / 2)

#: Candidates in one block at most, or one query: in a CPU's caches, and few launches on a GPU.
BLOCK_CANDIDATES = {"cpu": 2**17, "cuda": 2**22}

#: Runs that are held at once.
BLOCK_RUNS = 2**20


class CandidateBlock(NamedTuple):
    """All candidates of the queries ``first <= q < last``, M pairs in the order of the queries.

    Attributes:
        first: The first query of the block.
        last: The query after the last one.
        queries: Shape (M,), int64: the query of each pair, counted from ``first``.
        places: Shape (M,), int64: the place of each pair's box in the sorted order.
    """

    first: int
    last: int
    queries: Tensor
    places: Tensor


class CandidatePairs:
    """The boxes sorted by size and place, ready to be asked for the candidates of the queries.

    Args:
        queries: Boxes of shape (K, 4), xyxy in pixels, as :func:`~adla.core.clean_boxes` gives
            them; K > 0.
        boxes: Boxes of shape (N, 4), likewise.
        owners: Shape (N,), int64: what a box stands for; None stands for its index.

    Attributes:
        owners: Shape (N,), int64: what each place of the sorted order stands for.
    """

    def __init__(self, queries: Tensor, boxes: Tensor, owners: Tensor | None = None) -> None:
        sides = (boxes[:, 2:] - boxes[:, :2]).t()
        kind = _kinds(sides)
        used = torch.bincount(kind, minlength=SIZES * SHAPES) > 0
        kinds = used.nonzero().squeeze(1)
        kind = (used.cumsum(0) - 1).index_select(0, kind)
        reach = boxes.new_zeros(2, len(kinds))
        reach.scatter_reduce_(1, kind.expand(2, -1), sides, "amax")
        reach *= 1 + 2**-20
        rows = min(GRID_ROWS, math.isqrt(len(boxes) // max(len(kinds), 1)) + 2)
        self._columns = COLUMNS_PER_ROW * rows
        cells = _Cells.over(*grid_extent(queries), reach, kinds, rows)

        column, row = cells.find(boxes.t()[:2], kind)
        key = ((kind * rows + row) * self._columns + column).int()
        order = key.argsort()
        self.owners = order if owners is None else owners.index_select(0, order)
        counts = torch.bincount(key, minlength=len(kinds) * rows * self._columns)
        self._offsets = pad(counts.cumsum(0), (1, 0))

        # The cells that a query reaches, per kind: x and y of the first and the last, (K, L) each.
        corners = queries.t()[:, :, None]
        self._first = cells.find(corners[:2] - reach[:, None])
        self._last = cells.find(corners[2:].expand(2, -1, len(kinds)))
        is_box = (queries[:, 2:] > queries[:, :2]).all(dim=1, keepdim=True)
        self._rows = (self._last[1] - self._first[1] + 1) * is_box
        self._rows_per_kind = rows

    def blocks(self) -> Iterator[CandidateBlock]:
        """Yield the candidates of all queries in ascending order of the queries.

        Every query is in exactly one block, also one without candidates.
        """
        limit = BLOCK_CANDIDATES["cpu" if self._rows.device.type == "cpu" else "cuda"]
        for first, last in split_by_sum(self._rows.sum(dim=1), BLOCK_RUNS):
            query, start, length = self._runs(first, last)
            per_query = length.new_zeros(last - first).index_add_(0, query, length)
            ends = torch.searchsorted(query, torch.arange(last - first + 1, device=query.device))
            run_ends = ends.tolist()
            for begin, end in split_by_sum(per_query, limit):
                runs = slice(run_ends[begin], run_ends[end])
                of_run, places = _expand(start[runs], length[runs])
                queries = (query[runs] - begin).index_select(0, of_run)
                yield CandidateBlock(first + begin, first + end, queries, places)

    def _runs(self, first: int, last: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return query (from ``first``), start and length of the runs of some queries."""
        num_kinds = self._rows.size(1)
        rows = self._rows[first:last].reshape(-1)
        slot = torch.repeat_interleave(rows)  # in the (query, kind) table
        place = torch.arange(len(slot), device=slot.device)
        place -= (rows.cumsum(0) - rows).index_select(0, slot)
        place += self._first[1, first:last].reshape(-1).index_select(0, slot)
        place += slot.remainder(num_kinds) * self._rows_per_kind
        place *= self._columns
        left, right = (
            cells[0, first:last].reshape(-1).index_select(0, slot)
            for cells in (self._first, self._last)
        )
        start = self._offsets.index_select(0, place + left)
        length = self._offsets.index_select(0, place + right + 1) - start
        return slot // num_kinds, start, length


def _expand(start: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    """Return the run and the place of every candidate of some runs."""
    ends = length.cumsum(0)
    total = int(ends[-1]) if len(ends) else 0
    of_run = torch.repeat_interleave(length, output_size=total)
    places = torch.arange(total, device=of_run.device)
    return of_run, places.add_((start - ends + length).index_select(0, of_run))


def _kinds(sides: Tensor) -> Tensor:
    """Return the kind, shape (N,), of boxes from their sides (2, N); an empty box has any."""
    logarithms = sides.clamp(min=1e-3).log2_()
    size = logarithms.amax(dim=0).mul_(2).clamp_(0, SIZES - 1).long()
    shape = (logarithms[1] - logarithms[0]).round_().clamp_(-1, 1).long() + 1
    return size * SHAPES + shape


class _Cells(NamedTuple):
    """Grids over the plane, one per kind: their low borders and cells per pixel, (2, L) each.

    ``last`` holds the last column and the last row, shape (2, 1).
    """

    low: Tensor
    per_pixel: Tensor
    last: Tensor

    @classmethod
    def over(cls, low: Tensor, high: Tensor, reach: Tensor, kinds: Tensor, rows: int) -> "_Cells":
        """Lay grids over the corners of boxes that reach a query between ``low`` and ``high``."""
        low = (low[:, None] - reach).clamp_(min=-FARTHEST)
        shares = low.new_tensor([CELL_WIDTH, CELL_HEIGHT]).index_select(1, kinds % SHAPES)
        finest = shares * 2 ** ((kinds // SHAPES) / 2)
        counts = low.new_tensor([[COLUMNS_PER_ROW * rows], [rows]])
        return cls(low, 1 / torch.maximum(finest, (high[:, None] - low) / counts), counts - 1)

    def find(self, values: Tensor, kind: Tensor | None = None) -> Tensor:
        """Return the cells of coordinates (2, M) of their kinds, or (2, K, L) for all kinds."""
        if kind is None:
            low, per_pixel, last = (x[:, None] for x in self)
        else:
            low, per_pixel = self.low.index_select(1, kind), self.per_pixel.index_select(1, kind)
            last = self.last
        return torch.minimum((values - low).mul_(per_pixel).clamp_(min=0), last).long()


def split_by_sum(sizes: Tensor, limit: int) -> Iterator[tuple[int, int]]:
    """Split items into ranges [first, last) with a sum of at most a limit, or of one item."""
    ends = sizes.cumsum(0).cpu()
    first, done = 0, 0
    while first < len(ends):
        last = int(torch.searchsorted(ends, done + limit, right=True))
        last = max(last, first + 1)
        yield first, last
        first, done = last, int(ends[last - 1])
