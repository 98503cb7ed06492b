import numpy as np
import pytest

from adla.dataset_check.object_sizes import measure_sizes


def test_numbers_by_hand():
    boxes = np.array([[0, 0, 2, 2], [5, 5, 4, 9], [1, 1, 10, 10]], float)
    sizes = measure_sizes(boxes)
    assert sizes.count == 3 and sizes.mean == pytest.approx((2 + 6 + 10) / 3)
    assert sizes.scale == pytest.approx(np.sqrt((4 + 36 + 100) / 3))
    assert (sizes.percentiles[0], sizes.percentiles[50], sizes.percentiles[100]) == (2, 6, 10)


def test_a_size_on_the_border_counts_in_the_lower_bin_wherever_the_box_is():
    # 8.1 + 8 - 8.1 is more than 8 in floating point.
    boxes = np.array([[8.1, 8.1, side, side] for side in (8, 8.001, 16, 32, 33)])
    assert measure_sizes(boxes).bins == {"vt": 1, "t": 2, "s": 1, "m": 1}


def test_nothing_has_no_size():
    sizes = measure_sizes(np.empty((0, 4)))
    assert sizes.count == 0 and np.isnan(sizes.scale) and np.isnan(sizes.percentiles[50])
    assert set(sizes.bins.values()) == {0}
