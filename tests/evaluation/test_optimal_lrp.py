"""Optimal LRP by hand."""

import numpy as np
import pytest

from adla.evaluation.optimal_lrp import optimal_lrp
from adla.evaluation.tiny_evaluation import TinyEvaluation

from .cases import detections, square, truth


def lrp(rows, num_truths, **kwargs):
    """LRP of (score, iou, ignored)."""
    scores, ious, ignored = (np.array(c) for c in zip(*rows, strict=True))
    return optimal_lrp(scores, ious, ignored.astype(bool), num_truths, **kwargs)


def test_the_best_threshold_is_chosen():
    """Two objects; a hit with IoU .8, a false alarm, a hit with IoU .6, another false alarm.

    By the number of detections kept: 1: (.2/.5 + 0 + 1) / 2 = .7; 2: (.4 + 1 + 1) / 3 = .8;
    3: (.6/.5 + 1 + 0) / 3 = .733; 4: (1.2 + 2) / 4 = .8. The first is the best.
    """
    rows = [(0.9, 0.8, 0), (0.8, 0, 0), (0.7, 0.6, 0), (0.6, 0, 0)]
    assert lrp(rows, 2) == pytest.approx((0.7, 0.2, 0, 0.5))
    # With IoU .9 at the third it is (.3/.5 + 1) / 3 = .533: Loc .3/2, FP 1/3, FN 0.
    rows[2] = (0.7, 0.9, 0)
    assert lrp(rows, 2) == pytest.approx((1.6 / 3, 0.15, 1 / 3, 0))
    assert lrp(rows[::-1], 2) == lrp(rows, 2)


def test_ignored_detections_count_for_nothing():
    rows = [(0.9, 0.8, 0), (0.8, 0, 0)]
    with_ignored = [(1.0, 0.9, 1), (0.95, 0, 1), *rows]
    assert lrp(with_ignored, 2) == lrp(rows, 2) == pytest.approx((0.7, 0.2, 0, 0.5))


@pytest.mark.parametrize("seed", range(5))
def test_every_threshold_tried_in_turn(seed):
    """By definition; of equal scores the first comes first."""
    rng = np.random.default_rng(seed)
    scores, ignored = rng.integers(0, 4, 300) / 4, rng.random(300) < 0.1
    ious = rng.uniform(0.5, 1, 300) * (rng.random(300) < 0.5)
    kept = sorted(zip(-scores, range(300), ious, ignored, strict=True))
    errors = []
    for count in range(1, 301):
        counted = [iou for _, _, iou, skip in kept[:count] if not skip]
        hits = [iou for iou in counted if iou > 0]
        misses, alarms = 200 - len(hits), len(counted) - len(hits)
        errors.append((sum(1 - iou for iou in hits) / 0.5 + alarms + misses) / (200 + alarms))
    assert optimal_lrp(scores, ious, ignored, 200).error == pytest.approx(min(errors))


@pytest.mark.parametrize(("height", "expected"), [(6, (0.8, 0.4, 0, 0)), (4.9, (1, -1, -1, 1))])
def test_hits_begin_at_iou_one_half(height, expected):
    gts = truth([(0, 0, square(0, 0, 10))])
    numbers = TinyEvaluation(gts, detections([(0, 0, [0, 0, 10, height], 0.9)])).summarize()
    assert [v for k, v in numbers.items() if k.startswith("oLRP")] == pytest.approx(list(expected))


def test_other_threshold():
    assert lrp([(0.9, 0.8, 0)], 1, iou_thr=0.6).error == pytest.approx(0.5)


def test_perfect_and_hopeless():
    assert lrp([(0.9, 1, 0)], 1) == (0, 0, 0, 0)
    for rows in ([(0.9, 0, 0)], [(0.9, 0.8, 1)]):
        error, loc, fp, fn = lrp(rows, 3)
        assert (error, fn) == (1, 1) and np.isnan(loc) and np.isnan(fp)
    empty = np.zeros(0)
    assert optimal_lrp(empty, empty, empty.astype(bool), 3).error == 1
    assert np.isnan(optimal_lrp(empty, empty, empty.astype(bool), 0)).all()


@pytest.mark.parametrize("engine", ["hotcoco", "pycocotools"])
def test_mean_over_classes(engine):
    """From boxes: class 0 as above; class 1 is missed; class 2 only has false alarms.

    Class 0: two objects, one found as 10 x 8 of 10 x 10 (IoU .8), then a false alarm: .7, .2, 0,
    .5. Class 1 has error and FN 1, and no Loc and FP; class 2 has no object and is left out.
    """
    gts = truth([(0, 0, square(0, 0, 10)), (0, 0, square(50, 0, 10)), (0, 1, square(0, 50, 10))])
    dts = detections(
        [
            (0, 0, [0, 0, 10, 8], 0.9),
            (0, 0, square(90, 90, 10), 0.8),
            (0, 2, square(90, 90, 10), 0.7),
        ]
    )
    evaluation = TinyEvaluation(gts, dts, engine=engine)
    numbers = evaluation.summarize()
    keys = ("oLRP", "oLRP_Loc", "oLRP_FP", "oLRP_FN")
    assert [numbers[key] for key in keys] == pytest.approx([0.85, 0.2, 0, 0.75])
    classes = evaluation.per_class()
    assert [row["oLRP"] for row in classes.values()] == pytest.approx([0.7, 1, -1, -1])


def test_crowds_are_no_objects_to_find():
    gts = truth([(0, 0, square(0, 0, 10)), (0, 0, square(50, 50, 90), 8100, True)])
    dts = detections([(0, 0, square(60, 60, 10), 0.9), (0, 0, square(0, 0, 10), 0.5)])
    assert TinyEvaluation(gts, dts).summarize()["oLRP"] == 0


def test_only_the_largest_limit_counts():
    gts = truth([(0, 0, square(0, 0, 10)), (0, 0, square(50, 0, 10))])
    dts = detections([(0, 0, square(0, 0, 10), 0.9), (0, 0, square(50, 0, 10), 0.8)])
    assert TinyEvaluation(gts, dts, max_dets=(1, 2)).summarize()["oLRP"] == 0
    assert TinyEvaluation(gts, dts, max_dets=(1,)).summarize()["oLRP"] == 0.5
