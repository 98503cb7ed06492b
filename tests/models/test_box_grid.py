"""Boxes with their edges on a grid."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adla.models.dense_heads.box_grid import snap_boxes

SIZE = (20, 10)  # height, width


@pytest.mark.parametrize(
    ("box", "grid", "wanted"),
    [
        ([2.4, 9.6, 7.2, 14.7], 1, [2, 10, 7, 15]),
        ([2.4, 9.6, 7.2, 14.7], 0.5, [2.5, 9.5, 7, 14.5]),
        ([2.4, 9.6, 7.2, 14.7], 2, [2, 10, 8, 14]),
        ([3.3, 3.6, 3.4, 4.2], 1, [3, 3, 4, 4]),  # one pixel, that of the center
        ([9.7, 0, 10, 0.1], 1, [9, 0, 10, 1]),  # at the border
        ([10, 20, 10, 20], 1, [9, 19, 10, 20]),
        ([0, 2, 10, 20], 1, [0, 2, 10, 20]),
        ([3, 2, 10, 20], 6, [0, 0, 6, 18]),  # the next line lies outside the image
    ],
)
def test_edges_go_to_the_nearest_line(box, grid, wanted):
    assert snap_boxes(torch.tensor([box], dtype=torch.float), grid, SIZE).tolist() == [wanted]


CORNERS = st.tuples(*[st.floats(0, 10, width=32)] * 4)


@given(st.lists(CORNERS, max_size=8), st.sampled_from([1, 0.5]))
def test_boxes_stay_in_the_image_and_near_where_they_were(corners, grid):
    x1, y1, x2, y2 = torch.tensor(corners).reshape(-1, 4).unbind(1)
    boxes = torch.stack([x1.minimum(x2), y1.minimum(y2), x1.maximum(x2), y1.maximum(y2)], 1)
    snapped = snap_boxes(boxes, grid, (10, 10))
    assert torch.equal(snapped, snap_boxes(snapped, grid, (10, 10)))
    assert ((snapped / grid) % 1 == 0).all() and (snapped >= 0).all() and (snapped <= 10).all()
    assert (snapped[:, 2:] - snapped[:, :2] >= grid).all()
    assert ((snapped - boxes).abs() <= grid).all()
