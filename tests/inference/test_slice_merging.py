from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sahi.postprocess.combine import batched_greedy_nmm, batched_nms

from adla.evaluation.box_arrays import Detections
from adla.inference.slice_merging import merge_slices
from adla.inference.slicing import make_grid


def look(grid, boxes, labels, jitter=0.0, scores=None):
    """What exact slices report of objects: the part inside, if it has half a pixel or more."""
    rng = np.random.default_rng(0)
    parts, slice_ids = [], []
    for number, (x0, y0, x1, y1) in enumerate(grid.boxes):
        seen = boxes.clip((x0, y0, x0, y0), (x1, y1, x1, y1)).astype(float)
        index = np.flatnonzero((seen[:, 2:] - seen[:, :2] >= 0.5).all(axis=1))
        seen = seen[index] + rng.uniform(-jitter, jitter, (len(index), 4))
        own = rng.uniform(0.3, 1, len(index)) if scores is None else scores[index]
        seen = seen.clip((x0, y0, x0, y0), (x1, y1, x1, y1))
        parts.append(np.column_stack([seen, own, labels[index]]))
        slice_ids.append(np.full(len(index), number))
    table = np.concatenate(parts)
    return Detections.from_corners(
        table[:, :4], table[:, 4], table[:, 5].astype(int)
    ), np.concatenate(slice_ids)


def as_set(boxes, labels):
    return sorted(map(tuple, np.column_stack([boxes, labels]).tolist()))


@st.composite
def crowded_scenes(draw):
    """A grid, and distinct boxes up to the size that its overlap allows, many of them nested."""
    largest = draw(st.integers(2, 20))
    overlap = draw(st.integers(2 * largest + 5, 2 * largest + 40))
    size = draw(st.integers(overlap + 20, overlap + 100))
    width, height = draw(st.integers(30, 250)), draw(st.integers(30, 250))
    sides = st.integers(1, largest)
    count = draw(st.integers(1, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    around = rng.uniform(0, 1, (draw(st.integers(1, 4)), 2)) * (width - largest, height - largest)
    starts = around[rng.integers(len(around), size=count)] + rng.integers(-15, 16, (count, 2))
    ends = starts + np.array([[draw(sides), draw(sides)] for _ in range(count)])
    boxes = np.concatenate([starts, ends], axis=1).round(1).clip(0, [width, height] * 2)
    labels = rng.integers(0, 3, count)
    keep = (boxes[:, 2:] - boxes[:, :2] >= 0.5).all(axis=1)
    table = np.unique(np.column_stack([boxes, labels])[keep], axis=0)
    return make_grid(width, height, size, overlap), table[:, :4], table[:, 4].astype(int)


@settings(deadline=None, max_examples=60)
@given(crowded_scenes(), st.sampled_from(["ios", "iou"]), st.floats(0.05, 1))
def test_every_object_counts_once_however_close_others_are(scene, metric, threshold):
    grid, boxes, labels = scene
    found, slice_ids = look(grid, boxes, labels)
    merged = merge_slices(found, slice_ids, grid, threshold, metric)
    assert as_set(merged.corners, merged.labels) == as_set(boxes, labels)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(60, 90))
def test_apart_objects_count_once_though_slices_disagree_on_their_edges(seed, size):
    """Boxes of 4 to 9 px, at least 10 px apart, each edge off by up to 0.4 px in every slice."""
    rng = np.random.default_rng(seed)
    cells = np.argwhere(np.ones((10, 10))) * 20
    starts = cells + rng.uniform(0, 1, cells.shape)
    boxes = np.concatenate([starts, starts + rng.uniform(4, 9, cells.shape)], axis=1)
    grid = make_grid(200, 200, size, 30)
    found, slice_ids = look(grid, boxes, np.zeros(len(boxes), int), jitter=0.4)
    merged = merge_slices(found, slice_ids, grid)
    cell = (merged.corners[:, :2] + merged.corners[:, 2:]) // 40
    assert len(merged) == len(boxes)
    order = np.lexsort((cell[:, 1], cell[:, 0]))
    assert np.abs(merged.corners[order] - boxes).max() <= 0.4


def test_an_object_larger_than_the_overlap_is_put_together():
    grid = make_grid(260, 100, 100, 20)
    boxes = np.array([[30.0, 40, 150, 60]])
    found, slice_ids = look(grid, boxes, np.array([1]), scores=np.array([0.5]))
    assert len(found) == 2
    found.scores[:] = 0.4, 0.6
    merged = merge_slices(found, slice_ids, grid)
    assert merged.corners.tolist() == boxes.tolist()
    assert merged.scores.tolist() == [0.6] and merged.labels.tolist() == [1]


def test_the_whole_object_wins_over_its_part_whatever_their_scores():
    grid = make_grid(160, 100, 100, 40)
    found = Detections.from_corners(
        np.array([[95.0, 40, 100, 50], [96.0, 40, 108, 50]]), np.array([0.9, 0.3]), np.array([0, 0])
    )
    merged = merge_slices(found, np.array([0, 1]), grid)
    assert merged.corners.tolist() == [[96.0, 40, 108, 50]] and merged.scores.tolist() == [0.3]


def test_a_part_that_the_whole_view_does_not_confirm_is_no_object():
    grid = make_grid(160, 100, 100, 40)
    part = Detections.from_corners(np.array([[95.0, 40, 100, 50]]), np.array([0.9]), np.array([0]))
    assert len(merge_slices(part, np.array([0]), grid)) == 0


def test_a_detection_at_the_border_of_the_scene_is_whole():
    grid = make_grid(160, 100, 100, 40)
    border = Detections.from_corners(np.array([[0.0, 0, 5, 5]]), np.array([0.9]), np.array([0]))
    assert merge_slices(border, np.array([0]), grid).corners.tolist() == [[0, 0, 5, 5]]


def test_one_object_called_by_two_names_counts_once():
    grid = make_grid(160, 100, 100, 40)
    box = [75.0, 40, 87, 50]
    found = Detections.from_corners(np.array([box, box]), np.array([0.5, 0.6]), np.array([0, 1]))
    merged = merge_slices(found, np.array([0, 1]), grid)
    assert len(merged) == 1
    both = Detections.from_corners(
        np.array([box] * 4), np.array([0.5, 0.6, 0.6, 0.5]), np.array([0, 1, 0, 1])
    )
    merged = merge_slices(both, np.array([0, 0, 1, 1]), grid)
    assert sorted(merged.labels.tolist()) == [0, 1]


def test_equal_names_are_joined_before_equal_places():
    grid = make_grid(160, 100, 100, 40)
    boxes = np.array([[65.0, 40, 77, 50], [66, 40, 78, 50], [65, 40, 77, 50]])
    found = Detections.from_corners(boxes, np.array([0.5, 0.5, 0.5]), np.array([0, 0, 1]))
    merged = merge_slices(found, np.array([0, 1, 1]), grid)
    assert sorted(merged.labels.tolist()) == [0, 1]


def test_nothing_found_stays_nothing():
    empty = Detections.from_corners(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
    assert len(merge_slices(empty, np.zeros(0, int), make_grid(300, 300, 100, 20))) == 0


def test_nms_over_the_scene_deletes_neighbors_and_prefers_confident_halves():
    """Why SAHI's joining, which knows no slices, is not used."""
    grid = make_grid(160, 100, 100, 40)
    nested = np.array([[20.0, 20, 32, 32], [22.0, 22, 30, 30]])
    halved = np.array([[92.0, 60, 104, 70]])
    boxes, labels = np.concatenate([nested, halved]), np.zeros(3, int)
    found, slice_ids = look(grid, boxes, labels)
    cut = found.corners[:, 2] == 100
    found.scores[:], found.scores[cut] = 0.5, 0.9
    assert cut.any()
    table = np.column_stack([found.corners, found.scores, found.labels])
    assert len(batched_nms(table, "IOS", 0.5)) == len(batched_greedy_nmm(table, "IOS", 0.5)) == 2
    kept = found.corners[batched_nms(table, "IOS", 0.5)]
    assert not (kept == halved[0]).all(axis=1).any()
    merged = merge_slices(found, slice_ids, grid)
    assert as_set(merged.corners, merged.labels) == as_set(boxes, labels)


@pytest.mark.parametrize("size", [100, 0])
def test_one_slice_changes_nothing_but_the_order(size):
    grid = make_grid(100, 80, size, 20)
    boxes = np.array([[1.0, 1, 9, 9], [2.0, 2, 8, 8], [60.0, 60, 70, 79.5]])
    found = Detections.from_corners(boxes, np.array([0.3, 0.9, 0.5]), np.array([0, 0, 0]))
    assert merge_slices(found, np.zeros(3, int), grid).scores.tolist() == [0.9, 0.5, 0.3]


#: Two slices of 100 px that share 60 px, and what both find in it.
TWO = make_grid(140, 100, 100, 60)


def seen_by_both(one, other, labels=(0, 0)):
    """The left slice finds the one box, the right slice the other."""
    found = Detections.from_corners(np.array([one, other]), np.array([0.9, 0.8]), np.array(labels))
    return found, np.array([0, 1]), TWO


VAN, PERSON, NEAR = [60, 30, 84, 42], [62, 32, 70, 40], [61, 31, 83, 42]


def test_tiny_inside_large_of_two_slices_stays():
    boat = [62, 32, 66, 36]
    assert len(merge_slices(*seen_by_both(VAN, boat))) == 2
    assert len(merge_slices(*seen_by_both(VAN, boat), size_ratio=0)) == 1
    assert len(merge_slices(*seen_by_both(VAN, NEAR))) == 1


def test_of_two_classes_the_iou_counts():
    assert len(merge_slices(*seen_by_both(VAN, PERSON))) == 1
    assert len(merge_slices(*seen_by_both(VAN, PERSON, (0, 1)))) == 2
    assert len(merge_slices(*seen_by_both(VAN, NEAR, (0, 1)))) == 1


def test_joining_by_class():
    assert len(merge_slices(*seen_by_both(VAN, NEAR, (0, 1)), by_class=True)) == 2
    assert len(merge_slices(*seen_by_both(VAN, NEAR), by_class=True)) == 1


def test_a_tiny_whole_box_does_not_join_what_is_left_of_a_cut_one():
    """A ship of 110 px is cut by both slices; a boat lies in its upright box, seen by the right."""
    ship_left, ship_right, boat = [10, 10, 100, 90], [40, 10, 120, 90], [70, 70, 76, 76]
    found = Detections.from_corners(
        np.array([ship_left, ship_right, boat]), np.array([0.9, 0.8, 0.7]), np.zeros(3, int)
    )
    merged = merge_slices(found, np.array([0, 1, 1]), TWO)
    assert merged.corners.tolist() == [[10, 10, 120, 90], boat]
    only = found.select(np.array([0, 2]))
    assert len(merge_slices(only, np.array([0, 1]), TWO)) == 2
    assert len(merge_slices(only, np.array([0, 1]), TWO, size_ratio=0)) == 1


#: Found in three slices, each in the one before: 30, 16 and 6 px, whose ratios are 1.9 and 2.7.
SHIP, DECK, BOAT = [62, 20, 92, 50], [64, 24, 80, 40], [65, 25, 71, 31]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_chain_of_boxes_does_not_pass_the_size_ratio(order):
    """Ship and deck overlap most and are one object; the boat is too small to be the ship."""
    found = Detections.from_corners(
        np.array([SHIP, DECK, BOAT])[list(order)], np.array([0.9, 0.8, 0.7]), np.zeros(3, int)
    )
    grid = make_grid(200, 100, 100, 80)
    merged = merge_slices(found, np.array([0, 1, 2]), grid)
    boxes = merged.corners.tolist()
    assert len(boxes) == 2 and BOAT in boxes
    assert len(merge_slices(found, np.array([0, 1, 2]), grid, size_ratio=0)) == 1


def test_a_cut_box_is_at_least_as_large_as_it_looks():
    """The left slice cuts a ship of 60 x 30 px, and the right one finds 18 x 10 px in it."""
    cut, inside = [40, 30, 100, 60], [83, 40, 101, 50]
    found = Detections.from_corners(np.array([cut, inside]), np.array([0.9, 0.8]), np.zeros(2, int))
    grid = make_grid(180, 100, 100, 20)
    assert len(merge_slices(found, np.array([0, 1]), grid)) == 2
    assert len(merge_slices(found, np.array([0, 1]), grid, size_ratio=4)) == 1


def test_what_four_slices_see_of_a_large_object_is_joined_whatever_its_sizes():
    """Its part in the last slice, 25 px, is smaller than that in the first, 90 px, by 3.6."""
    grid = make_grid(180, 180, 100, 20)
    found, slice_ids = look(grid, np.array([[10, 10, 105, 105]]), np.array([0]))
    assert len(found) == 4
    assert merge_slices(found, slice_ids, grid).corners.tolist() == [[10, 10, 105, 105]]
