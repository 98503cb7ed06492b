import cv2
import numpy as np
import pytest

from adla.visualization import save_assignments
from adla.visualization.assignments import crowded_window, draw_assignment, positives_per_gt
from adla.visualization.figure import new_grid

GTS = np.array([[10, 10, 16, 16], [60, 60, 68, 66], [64, 70, 70, 78]], float)
ANCHORS = np.array([[9, 9, 17, 17], [8, 8, 16, 16], [60, 60, 68, 68], [0, 0, 8, 8]], float)
GT_INDS = np.array([1, 1, 2, 0])


def test_counts_by_hand():
    assert positives_per_gt(np.array([-1, 0, 3, 1, 3, 0]), 4).tolist() == [1, 0, 2, 0]
    assert positives_per_gt(np.array([0, -1]), 0).tolist() == []


def test_index_past_the_last_object_is_named():
    with pytest.raises(ValueError, match="names ground truth 3, but there are 2"):
        positives_per_gt(np.array([3]), 2)


def test_window_holds_most_objects_and_stays_in_the_image():
    assert crowded_window(GTS, (100, 80), 40) == (44.0, 40.0, 84.0, 80.0)
    assert crowded_window(GTS[:0], (100, 80), 40) == (0.0, 0.0, 40.0, 40.0)
    assert crowded_window(GTS, (30, 20), 40) == (3.0, 0.0, 23.0, 20.0)


def test_title_counts_and_every_positive_is_drawn():
    _, grid = new_grid(1, 1, 3, 3)
    axes = grid[0, 0]
    draw_assignment(axes, np.zeros((80, 100, 3), np.uint8), GTS, ANCHORS, GT_INDS, "fixed")
    assert axes.get_title(loc="left") == "fixed\n1.0 positives per object, 1 of 3 without any"
    assert len(axes.patches) == 3 + 2 * 3
    assert [text.get_text() for text in axes.texts] == ["2", "1", "0"]


def test_panels_share_the_color_of_an_object(tmp_path):
    image = np.full((80, 100, 3), 60, np.uint8)
    panels = {"one": (ANCHORS, GT_INDS), "two": (ANCHORS, np.array([1, 0, 0, 0]))}
    path = save_assignments(tmp_path / "a.png", image, GTS, panels, (0, 0, 40, 40))
    picture = cv2.imread(str(path)).reshape(-1, 3)
    sky_blue = np.array([0xE9, 0xB4, 0x56])
    assert (np.abs(picture.astype(int) - sky_blue).sum(axis=1) < 12).sum() > 100
