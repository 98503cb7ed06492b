import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sahi.postprocess.combine import batched_nms

from adla.evaluation.box_arrays import Detections
from adla.inference import nested_nms
from adla.inference.nested_nms import suppress_nested

BOXES = np.array([[0.0, 0, 8, 8], [2, 2, 6, 6], [7, 0, 15, 8], [2, 2, 6, 6], [2, 2, 6, 6]])
FOUND = Detections.from_corners(
    BOXES, np.array([0.5, 0.9, 0.8, 0.4, 0.3]), np.array([0, 0, 0, 1, 0])
)
SLICES = np.array([3, 3, 3, 3, 5])


def test_nested_boxes_of_one_slice_and_class_are_one_object():
    found, slice_ids = suppress_nested(FOUND, SLICES, 0.5)
    assert found.scores.tolist() == [0.9, 0.8, 0.4, 0.3]
    assert slice_ids.tolist() == [3, 3, 3, 5]


def test_a_threshold_of_zero_keeps_all():
    assert len(suppress_nested(FOUND, SLICES, 0)[0]) == 5


def test_nothing_stays_nothing():
    empty = FOUND.select(np.zeros(5, bool))
    assert len(suppress_nested(empty, np.zeros(0, int), 0.5)[0]) == 0


SHIP, BOAT, ECHO = [0, 0, 40, 40], [30, 4, 38, 10], [2, 2, 30, 38]


@pytest.mark.parametrize("ship", [0.9, 0.75])
def test_a_boat_in_the_upright_box_of_a_ship_stays(ship):
    """The ship is 40 px, the boat sqrt(48) = 6.9 px: 5.8 times less. The echo is 31.7 px."""
    scores = np.array([ship, 0.8, 0.7])
    found = Detections.from_corners(np.array([SHIP, BOAT, ECHO]), scores, np.zeros(3, int))
    slices = np.zeros(3, int)
    for ratio in (3, 5.7):
        left, _ = suppress_nested(found, slices, 0.5, ratio)
        assert left.scores.tolist() == [ship, 0.8]
    for ratio in (0, 5.8):  # the better of ship and boat suppresses the other
        assert max(ship, 0.8) in (left := suppress_nested(found, slices, 0.5, ratio)[0].scores)
        assert min(ship, 0.8) not in left


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5, 1.0]), st.integers(1, 4))
def test_whatever_their_sizes_it_is_the_nms_of_sahi(seed, threshold, block):
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 60)
    corner, side = rng.integers(0, 40, (count, 2)), rng.integers(1, 30, (count, 2))
    scores = rng.permutation(count) / 100
    boxes = np.concatenate([corner, corner + side], axis=1)
    found = Detections.from_corners(boxes, scores, rng.integers(0, 2, count))
    slices = np.sort(rng.integers(0, 3, count))
    kept = []
    for number in range(3):
        index = np.flatnonzero(slices == number)
        table = np.column_stack([found.corners, found.scores, found.labels])[index]
        kept += index[sorted(batched_nms(table, "IOS", threshold))].tolist() if len(index) else []
    kept = np.array(kept, int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nested_nms, "BLOCK", block)
        ours = suppress_nested(found, slices, threshold, size_ratio=0)
    assert ours[0].scores.tolist() == found.scores[kept].tolist()
    assert ours[1].tolist() == slices[kept].tolist()
