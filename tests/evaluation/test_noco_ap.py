"""NoCo hits and their average precision, against values worked out by hand and a slow reference."""

import numpy as np
import pytest

from adla.evaluation.noco_ap import NOCO_THRESHOLDS, mean_noco_ap, noco_hits
from adla.evaluation.operating_point import at_score, best_f1


def hits(centers, scores, boxes, noco, thresholds=(0.5,), **kwargs):
    centers = np.array(centers, dtype=float).reshape(-1, 2)
    boxes = np.array(boxes, dtype=float).reshape(-1, 4)
    found = noco_hits(centers, np.array(scores, dtype=float), boxes, noco, thresholds, **kwargs)
    return found.tolist()


ONES = np.ones((20, 30))


def test_center_in_the_box_and_above_the_threshold():
    noco = np.zeros((20, 30))
    noco[5, 8] = 0.5
    box = [6, 3, 11, 8]
    # .5 is not above .5: the comparison is strict.
    assert hits([[8.2, 5.1]], [0.9], [box], noco, (0.4, 0.5)) == [[True], [False]]
    assert hits([[12.0, 5.0]], [0.9], [box], ONES) == [[False]]
    # Bounds belong to the box.
    assert hits([[11.0, 8.0]], [0.9], [box], ONES) == [[True]]


def test_a_target_is_hit_once_by_the_best_score_and_on_a_tie_by_the_first():
    box = [6, 3, 11, 8]
    centers = [[7, 5], [8, 5], [9, 5]]
    assert hits(centers, [0.1, 0.9, 0.5], [box], ONES) == [[False, True, False]]
    assert hits(centers, [0.7, 0.7, 0.7], [box], ONES) == [[True, False, False]]


def test_rounding_half_to_even_or_the_pixel_that_holds_the_center():
    noco = np.zeros((20, 30))
    noco[4, 12] = 1
    box = [10, 2, 16, 8]
    # 12.5 -> 12 and 11.5 -> 12; 4.5 -> 4, 3.5 -> 4.
    for x, y in ((12.5, 4.5), (11.5, 3.5)):
        assert hits([[x, y]], [1], [box], noco) == [[True]]
    assert hits([[12.5, 4.5]], [1], [box], noco, to_pixel=np.floor) == [[True]]
    assert hits([[11.5, 3.5]], [1], [box], noco, to_pixel=np.floor) == [[False]]


def test_centers_at_and_beyond_the_border():
    """Index 20 of 20 rows is the last row; far outside is never in a box, NaN neither."""
    box = [25, 15, 30, 20]
    assert hits([[30.0, 20.0]], [1], [box], ONES) == [[True]]
    outside = [[-3.0, -2.0], [1e30, 5.0], [np.nan, 5.0], [np.inf, np.inf], [31.0, 18.0]]
    assert hits(outside, [1] * 5, [box, [0, 0, 4, 4]], ONES) == [[False] * 5]


def test_a_box_inside_another_can_be_hit_in_either_order():
    outer, inner = [0, 0, 20, 20], [8, 8, 12, 12]
    centers, scores = [[10, 10], [3, 3]], [0.9, 0.8]
    for boxes in ([outer, inner], [inner, outer]):
        assert hits(centers, scores, boxes, ONES) == [[True, True]]
        assert hits([[10, 10], [10, 10], [10, 10]], [3, 2, 1], boxes, ONES) == [[True, True, False]]


def test_nothing_detected_or_nothing_there():
    assert hits([], [], [[0, 0, 4, 4]], ONES) == [[]]
    assert hits([[2, 2]], [1], [], np.zeros((1, 1))) == [[False]]


def test_ap_by_hand():
    """Two targets; ranked hit, miss, hit at the first threshold, and miss, hit, miss at the second.

    First: recall .5 at precision 1, recall 1 at 2/3: area .5 + .5 * 2/3 = 5/6.
    Second: recall .5 at precision 1/2, never more: .25. Mean 13/24.
    """
    scores = np.array([0.2, 0.9, 0.5])
    found = np.array([[True, True, False], [False, False, True]])
    assert mean_noco_ap(found, scores, 2) == pytest.approx(13 / 24)
    # Ties keep their order: as listed the hits come first and second at the first threshold,
    # area 1; at the second threshold only the third is one, .5 * 1/3.
    assert mean_noco_ap(found, np.ones(3), 2) == pytest.approx((1 + 1 / 6) / 2)


def test_ap_without_detections_or_targets():
    nothing = np.zeros((9, 0), dtype=bool)
    assert mean_noco_ap(nothing, np.zeros(0), 3) == 0
    assert mean_noco_ap(nothing, np.zeros(0), 0) == -1
    assert mean_noco_ap(np.zeros((9, 2), dtype=bool), np.ones(2), 0) == -1


def slow_mean_noco_ap(images, num_targets):
    """As the definition reads: one threshold, one detection, one box at a time."""
    aps = []
    for threshold in NOCO_THRESHOLDS:
        ranked = []
        for number, (centers, scores, boxes, noco) in enumerate(images):
            covered = set()
            for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
                x, y = centers[i]
                row = min(max(round(y), 0), noco.shape[0] - 1)
                column = min(max(round(x), 0), noco.shape[1] - 1)
                hit = False
                if noco[row, column] > threshold:
                    holding = [
                        ((b[2] - b[0]) * (b[3] - b[1]), k)
                        for k, b in enumerate(boxes)
                        if b[0] <= x <= b[2] and b[1] <= y <= b[3] and k not in covered
                    ]
                    if holding:
                        hit = True
                        covered.add(min(holding)[1])
                ranked.append((-scores[i], number, i, hit))
        ranked.sort()
        found, points = 0, []
        for n, (*_, hit) in enumerate(ranked, 1):
            found += hit
            points.append((found / num_targets, found / n))
        area, before = 0.0, 0.0
        for i, (recall, _) in enumerate(points):
            area += (recall - before) * max(p for _, p in points[i:])
            before = recall
        aps.append(area)
    return sum(aps) / len(aps)


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_the_slow_reference(seed):
    rng = np.random.default_rng(seed)
    images, targets = [], 0
    for _ in range(5):
        boxes = rng.integers(0, 20, (rng.integers(0, 5), 4)).astype(float)
        boxes[:, 2:] += boxes[:, :2] + 1
        centers = rng.integers(-4, 60, (rng.integers(0, 30), 2)) / 2  # halves, outside and inside
        scores = rng.integers(1, 6, len(centers)) / 5  # ties
        images.append((centers, scores, boxes, rng.random((25, 28))))
        targets += len(boxes)
    found = np.concatenate([noco_hits(c, s, b, noco) for c, s, b, noco in images], 1)
    scores = np.concatenate([s for _, s, _, _ in images])
    assert found.any()
    assert mean_noco_ap(found, scores, targets) == pytest.approx(slow_mean_noco_ap(images, targets))


def test_best_f1_and_fixed_score_by_hand():
    """Scores .9 hit, .8 miss, .7 hit, .7 miss, .2 hit; four targets.

    F1 = 2 TP / (detections + targets): 2/5 at .9, 2/6 at .8, 4/8 at .7 (both together), 6/9 at .2.
    """
    scores = np.array([0.7, 0.9, 0.2, 0.8, 0.7])
    found = np.array([True, True, True, False, False])
    assert best_f1(scores, found, 4) == pytest.approx((3 / 5, 3 / 4, 2 / 3, 0.2))
    assert at_score(scores, found, 4, 0.7) == pytest.approx((2 / 4, 2 / 4, 4 / 8, 0.7))
    assert at_score(scores, found, 4, 0.75) == pytest.approx((1 / 2, 1 / 4, 2 / 6, 0.75))
    # Without the last hit: 2/5, 2/6, 4/8, 4/9.
    assert best_f1(scores, found & (scores > 0.2), 4).score == 0.7


def test_best_f1_of_a_tie_is_the_higher_score():
    # Two targets; hit, miss, miss, hit: F1 2/3, 2/4, 2/5, 4/6, equal at .9 and at .6.
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    found = np.array([True, False, False, True])
    assert best_f1(scores, found, 2) == pytest.approx((1, 0.5, 2 / 3, 0.9))


def test_operating_points_of_nothing():
    nothing = np.zeros(0), np.zeros(0, dtype=bool)
    assert best_f1(*nothing, 3) == (0, 0, 0, -1)
    assert at_score(*nothing, 3, 0.5) == (0, 0, 0, 0.5)
    assert best_f1(*nothing, 0) == (-1, -1, -1, -1)
    assert at_score(np.ones(1), np.zeros(1, dtype=bool), 0, 0.5) == (-1, -1, -1, 0.5)
