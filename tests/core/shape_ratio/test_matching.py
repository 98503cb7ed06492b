"""YOLOv5's matching against a loop over all cells, and by hand."""

import itertools

import pytest
import torch

from adla.core import match_shapes, shape_ratios

ANCHORS = torch.tensor([[10.0, 13.0], [16.0, 30.0], [33.0, 23.0]], dtype=torch.float64)


def slow_matches(gts, anchors, stride, grid, ratio_thr=4.0, reach=0.5):
    """All (object, anchor, row, column): the cells whose middle is nearer than one cell.

    Along one axis it may be half a cell away, along the other 1 - `reach` more than that.
    """
    rows, columns = grid
    found = set()
    for g, (x1, y1, x2, y2) in enumerate(gts):
        x, y = (x1 + x2) / 2 / stride, (y1 + y2) / 2 / stride
        for (a, (w, h)), row, column in itertools.product(
            enumerate(anchors), range(rows), range(columns)
        ):
            sides = (x2 - x1) / w, (y2 - y1) / h
            fits = all(1 / ratio_thr < side < ratio_thr for side in sides)
            dx, dy = abs(x - column - 0.5), abs(y - row - 0.5)
            near, far = sorted((dx, dy))
            if fits and near < 0.5 and (far < 0.5 or far < 0.5 + reach):
                found.add((g, a, row, column))
    return found


def as_set(matches):
    rows = [tuple(row) for row in torch.stack(matches, dim=1).tolist()]
    assert len(set(rows)) == len(rows), "a pair is there twice"
    return set(rows)


@pytest.mark.parametrize("reach", [0.5, 0.3, 0.0])
@pytest.mark.parametrize("stride, grid", [(8, (9, 13)), (16, (5, 7)), (32, (1, 1))])
def test_pairs_are_those_of_a_loop(stride, grid, reach):
    generator = torch.Generator().manual_seed(stride)
    size = torch.tensor([grid[1], grid[0]]) * stride
    center = torch.rand(200, 2, generator=generator, dtype=torch.float64) * size
    half = torch.exp(4.5 * torch.rand(200, 2, generator=generator, dtype=torch.float64)) / 2
    gts = torch.cat([center - half, center + half], dim=1)
    anchors = ANCHORS * stride / 8
    wanted = slow_matches(gts.tolist(), anchors.tolist(), stride, grid, reach=reach)
    assert len(wanted) > 50
    assert as_set(match_shapes(gts, anchors, stride, grid, reach=reach)) == wanted


@pytest.mark.parametrize(
    "center, cells",
    [
        ((20.0, 20.0), [(2, 2)]),  # in the middle of a cell: no border is nearer than half of it
        ((18.0, 21.0), [(2, 2), (2, 1), (3, 2)]),
        ((22.0, 19.0), [(2, 2), (2, 3), (1, 2)]),
        ((24.0, 20.0), [(2, 3), (2, 2)]),  # on a border: the cell behind it and the one before
        ((2.0, 2.0), [(0, 0)]),  # in the corner: no neighbor there
        ((38.0, 20.0), [(2, 4)]),
        ((40.0, 20.0), [(2, 4), (2, 3)]),  # on the last border, which belongs to the last cell
    ],
)
def test_cells_by_hand(center, cells):
    x, y = center
    box = torch.tensor([[x - 5, y - 6, x + 5, y + 6]])
    found = match_shapes(box, ANCHORS[:1].float(), 8, (5, 5))
    assert sorted(zip(found.row.tolist(), found.column.tolist(), strict=True)) == sorted(cells)


def test_sides_four_times_as_long_do_not_fit():
    boxes = torch.tensor([[0.0, 0, 40, 13], [0, 0, 39.9, 13], [0, 0, 2.5, 13], [0, 0, 2.6, 3.3]])
    ratios = shape_ratios(boxes[:, 2:], ANCHORS[:1].float())[:, 0]
    torch.testing.assert_close(ratios, torch.tensor([4.0, 3.99, 4.0, 13 / 3.3]))
    assert set(match_shapes(boxes, ANCHORS[:1].float(), 8, (9, 9)).gt.tolist()) == {1, 3}


@pytest.mark.parametrize("boxes", [torch.zeros(0, 4), torch.tensor([[5.0, 5, 5, 9]])])
def test_nothing_and_flat_objects_match_nothing(boxes):
    assert not len(match_shapes(boxes, ANCHORS.float(), 8, (4, 4)).gt)
