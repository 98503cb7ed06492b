"""Which boxes can overlap which queries: a superset of the overlapping pairs, in blocks.

A box overlaps a query only if its upper left corner lies in the query's box, enlarged to the upper
left by the size of the box. So the boxes are sorted by kind (size, and whether wide, square or
tall) and, inside a kind, by the grid cell of that corner, row after row. For one query, one kind
and one row of cells the candidates are then a *run*: neighbors in the sorted order. Every box
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

from ..limits import limits_of
from .grid_cells import COLUMNS_PER_ROW, GRID_ROWS, SHAPES, SIZES, Cells, kinds_of
from .prefilter import grid_extent, near_any


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
        kind = kinds_of(sides)
        kinds, used = torch.arange(SIZES * SHAPES, device=kind.device), None
        if limits_of(boxes.device).free_waits:
            some = torch.bincount(kind, minlength=len(kinds)) > 0
            kinds = some.nonzero().squeeze(1)
            kind = (some.cumsum(0) - 1).index_select(0, kind)
        else:
            used = torch.zeros_like(kinds).index_fill_(0, kind, 1)
        reach = boxes.new_zeros(2, len(kinds))
        reach.scatter_reduce_(1, kind.expand(2, -1), sides, "amax")
        reach *= 1 + 2**-20
        rows = min(GRID_ROWS, math.isqrt(len(boxes) // max(len(kinds), 1)) + 2)
        self._columns = COLUMNS_PER_ROW * rows
        cells = Cells.over(*grid_extent(queries), reach, kinds, rows)

        column, row = cells.find(boxes.t()[:2], kind)
        key = ((kind * rows + row) * self._columns + column).int()
        order = key.argsort()
        self.owners = order if owners is None else owners.index_select(0, order)
        counts = torch.zeros(len(kinds) * rows * self._columns, device=key.device, dtype=torch.long)
        counts.index_add_(0, key, torch.ones_like(kind))
        self._offsets = pad(counts.cumsum(0), (1, 0))

        # The cells that a query reaches, per kind: x and y of the first and the last, (K, L) each.
        corners = queries.t()[:, :, None]
        self._first = cells.find(corners[:2] - reach[:, None])
        self._last = cells.find(corners[2:].expand(2, -1, len(kinds)))
        is_box = (queries[:, 2:] > queries[:, :2]).all(dim=1, keepdim=True)
        self._rows = (self._last[1] - self._first[1] + 1) * (
            is_box if used is None else is_box * used
        )
        self._rows_per_kind = rows
        per_query = self._rows.sum(dim=1)[None]
        if used is not None:
            per_query = torch.cat([per_query, self._count(counts)[None]])
        # Runs up to each query, on the host, and, where it may ask only once, candidates.
        self._run_ends, *self._ends = pad(per_query.cumsum(1), (1, 0)).cpu()

    @classmethod
    def near(cls, queries: Tensor, boxes: Tensor) -> "CandidatePairs":
        """Sort the boxes that are near any query, where it costs nothing to ask how many."""
        if not limits_of(boxes.device).free_waits:
            return cls(queries, boxes)
        near = near_any(queries, boxes)
        return cls(queries, boxes.index_select(0, near), near)

    @property
    def total(self) -> int | None:
        """How many candidates all queries have together, where that is known beforehand."""
        return int(self._ends[0][-1]) if self._ends else None

    def blocks(self) -> Iterator[CandidateBlock]:
        """Yield the candidates of all queries in ascending order of the queries.

        Every query is in exactly one block, also one without candidates.
        """
        limits = limits_of(self._rows.device)
        for first, last in split_by_ends(self._run_ends, limits.runs):
            query, start, length = self._runs(first, last)
            run_ends = (self._run_ends[first : last + 1] - self._run_ends[first]).tolist()
            if self._ends:
                ends = self._ends[0][first : last + 1]
            else:
                counts = length.new_zeros(last - first).index_add_(0, query, length)
                ends = pad(counts.cumsum(0), (1, 0))
            for begin, end in split_by_ends(ends, limits.candidates):
                runs = slice(run_ends[begin], run_ends[end])
                total = int(ends[end] - ends[begin])
                of_run, places = _expand(start[runs], length[runs], total)
                queries = (query[runs] - begin).index_select(0, of_run)
                yield CandidateBlock(first + begin, first + end, queries, places)

    def _count(self, counts: Tensor) -> Tensor:
        """Return how many candidates each query has, shape (K,), from those of the cells."""
        num_kinds = self._rows.size(1)
        height, width = self._rows_per_kind + 1, self._columns + 1
        table = counts.view(num_kinds, self._rows_per_kind, self._columns).cumsum(1).cumsum(2)
        table = pad(table, (1, 0, 1, 0)).flatten()
        corner = torch.arange(num_kinds, device=table.device) * (height * width)
        (left, top), (right, bottom) = self._first, self._last + 1
        total = torch.zeros_like(left)
        for row, column, sign in (
            (bottom, right, 1),
            (top, left, 1),
            (bottom, left, -1),
            (top, right, -1),
        ):
            total.add_(table[corner + row * width + column], alpha=sign)
        return (total * (self._rows > 0)).sum(dim=1)

    def _runs(self, first: int, last: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return query (from ``first``), start and length of the runs of some queries."""
        num_kinds = self._rows.size(1)
        rows = self._rows[first:last].reshape(-1)
        total = int(self._run_ends[last] - self._run_ends[first])
        slot = torch.repeat_interleave(rows, output_size=total)  # in the (query, kind) table
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


def _expand(start: Tensor, length: Tensor, total: int) -> tuple[Tensor, Tensor]:
    """Return the run and the place of every candidate of some runs, ``total`` in all."""
    ends = length.cumsum(0)
    of_run = torch.repeat_interleave(length, output_size=total)
    places = torch.arange(total, device=of_run.device)
    return of_run, places.add_((start - ends + length).index_select(0, of_run))


def split_by_ends(ends: Tensor, limit: int) -> Iterator[tuple[int, int]]:
    """Split items into ranges [first, last) with a sum of at most a limit, or of one item.

    Args:
        ends: The sum of all items before each, and of all: rising, on the host, one more than
            there are items.
        limit: The limit.
    """
    first = 0
    while first < len(ends) - 1:
        last = int(torch.searchsorted(ends, int(ends[first]) + limit, right=True)) - 1
        last = max(last, first + 1)
        yield first, last
        first = last
