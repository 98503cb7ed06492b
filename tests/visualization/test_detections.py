import cv2
import numpy as np
import pytest

from adla.evaluation.box_arrays import Detections, box_overlaps
from adla.visualization import best_f1_score, match_detections, save_detections
from adla.visualization.detections import Sample, draw_detections
from adla.visualization.figure import new_grid

GT = np.array([[0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 58, 58]], float)


@pytest.fixture
def sample():
    """Two hits, a duplicate, a wrong class and a box on nothing; the third object is missed."""
    boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 32], [50, 50, 58, 58], [80, 80, 90, 90]]
    scores, labels = np.array([0.6, 0.9, 0.8, 0.7, 0.3]), np.array([0, 0, 1, 1, 0])
    return Sample(Detections.from_corners(boxes, scores, labels), GT, np.array([0, 1, 0]))


def test_iou_by_hand():
    others = np.array([[5, 0, 15, 10], [0, 0, 10, 10], [3, 3, 3, 3], [8, 8, 12, 12]], float)
    assert box_overlaps(GT[:1], others) == pytest.approx([50 / 150, 1.0, 0.0, 4 / 112])
    assert box_overlaps(GT[:1], others, "smaller") == pytest.approx([0.5, 1.0, 0.0, 4 / 16])
    assert box_overlaps(GT[:, None], others[None]).shape == (3, 4)


def test_higher_score_takes_the_object_and_classes_do_not_mix(sample):
    hit, found = match_detections(sample)
    assert hit.tolist() == [False, True, True, False, False]
    assert found.tolist() == [True, True, False]


def test_threshold_is_inclusive():
    found = Detections.from_corners([[0, 0, 10, 5]], np.ones(1), np.zeros(1))
    half = Sample(found, GT[:1], np.zeros(1))
    assert match_detections(half)[0].tolist() == [True]
    assert match_detections(half, iou_thr=0.51)[0].tolist() == [False]


def test_best_f1_by_hand(sample):
    # By score: hit, hit, wrong, duplicate, wrong; F1 after two: 2 * 2 / (2 + 3).
    assert best_f1_score([sample]) == pytest.approx((0.8, 0.8))


def test_equal_scores_go_together(sample):
    # Hit, duplicate and hit share a score, so no threshold takes the hits alone: 2 * 2 / (3 + 3).
    sample.found.scores[:3] = 0.8
    assert best_f1_score([sample]) == pytest.approx((0.8, 2 / 3))


def test_without_a_hit_the_best_f1_is_zero(sample):
    sample.found.labels[:] = 7
    assert best_f1_score([sample]) == (0.9, 0.0)


def test_counts_are_of_the_window(sample):
    _, grid = new_grid(1, 2, 3, 3)
    image = np.zeros((100, 100, 3), np.uint8)
    draw_detections(grid[0, 0], image, sample, "all", score_thr=0.1)
    draw_detections(grid[0, 1], image, sample, "part", score_thr=0.75, window=(15, 15, 40, 40))
    titles = [axes.get_title(loc="left") for axes in grid[0]]
    assert titles == ["all\n2 TP   3 FP   1 FN", "part\n1 TP   0 FP   0 FN"]
    assert len(grid[0, 0].patches) == 6


def test_picture_is_written(sample, tmp_path):
    image = np.full((100, 100, 3), 90, np.uint8)
    path = save_detections(
        tmp_path / "new" / "d.png", [image, image], {"a": ([sample] * 2, 0.1)}, [(0, 0, 60, 60)] * 2
    )
    picture = cv2.imread(str(path))
    assert picture.shape[0] > picture.shape[1] > 300
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def test_a_missing_sample_is_named(sample, tmp_path):
    image = np.zeros((100, 100, 3), np.uint8)
    with pytest.raises(ValueError, match="b has 1 samples for 2 images"):
        save_detections(tmp_path / "d.png", [image] * 2, {"b": ([sample], 0.1)})


def test_an_image_without_anything_is_drawn(tmp_path):
    none = np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)
    empty = Sample(Detections.from_corners(*none), none[0], none[2])
    image = np.zeros((40, 40, 3), np.uint8)
    assert save_detections(tmp_path / "d.png", [image], {"none": ([empty], 0.5)}).exists()
