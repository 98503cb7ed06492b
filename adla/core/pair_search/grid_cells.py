"""The kinds of boxes, by size and shape, and the cells of the grid of each kind."""

from typing import NamedTuple

import torch
from torch import Tensor

from .prefilter import FARTHEST

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


def kinds_of(sides: Tensor) -> Tensor:
    """Return the kind, shape (N,), of boxes from their sides (2, N); an empty box has any."""
    logarithms = sides.clamp(min=1e-3).log2_()
    size = logarithms.amax(dim=0).mul_(2).clamp_(0, SIZES - 1).long()
    shape = (logarithms[1] - logarithms[0]).round_().clamp_(-1, 1).long() + 1
    return size * SHAPES + shape


class Cells(NamedTuple):
    """Grids over the plane, one per kind: their low borders and cells per pixel, (2, L) each.

    ``last`` holds the last column and the last row, shape (2, 1).
    """

    low: Tensor
    per_pixel: Tensor
    last: Tensor

    @classmethod
    def over(cls, low: Tensor, high: Tensor, reach: Tensor, kinds: Tensor, rows: int) -> "Cells":
        """Lay grids over the corners of boxes that reach a query between ``low`` and ``high``."""
        low = (low[:, None] - reach).clamp_(min=-FARTHEST)
        shares = torch.stack([_of_shape(CELL_WIDTH, kinds), _of_shape(CELL_HEIGHT, kinds)])
        finest = shares * 2 ** ((kinds // SHAPES) / 2)
        counts = low.new_full((2, 1), rows)
        counts[0] *= COLUMNS_PER_ROW
        return cls(low, 1 / torch.maximum(finest, (high[:, None] - low) / counts), counts - 1)

    def find(self, values: Tensor, kind: Tensor | None = None) -> Tensor:
        """Return the cells of coordinates (2, M) of their kinds, or (2, K, L) for all kinds."""
        if kind is None:
            low, per_pixel, last = (x[:, None] for x in self)
        else:
            low, per_pixel = self.low.index_select(1, kind), self.per_pixel.index_select(1, kind)
            last = self.last
        return torch.minimum((values - low).mul_(per_pixel).clamp_(min=0), last).long()


def _of_shape(values: tuple[float, float, float], kinds: Tensor) -> Tensor:
    """Return the value of the shape of each kind, without copying values to the device."""
    wide, square, _ = ((kinds % SHAPES) == shape for shape in range(SHAPES))
    return torch.where(wide, values[0], torch.where(square, values[1], values[2]))
