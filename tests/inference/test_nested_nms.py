import numpy as np

from adla.evaluation.box_arrays import Detections
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
