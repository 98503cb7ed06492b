import numpy as np
import pytest

from adla.evaluation.box_arrays import Detections
from adla.visualization.annotated import annotate, enlargement, outer_pixels
from adla.visualization.drawing import LINE, class_color, is_dashed
from adla.visualization.overview import CELL, count_cells, draw_overview

CLASSES = ("Person", "Car")


def found(*boxes, scores=None, labels=None):
    boxes = np.array(boxes, float).reshape(-1, 4)
    scores = np.full(len(boxes), 0.5) if scores is None else np.array(scores)
    labels = np.zeros(len(boxes), int) if labels is None else np.array(labels)
    return Detections.from_corners(boxes, scores, labels)


@pytest.mark.parametrize(
    ("size", "factor"), [((64, 64), 4), ((320, 256), 4), ((640, 512), 2), ((801, 9), 1)]
)
def test_small_images_are_enlarged(size, factor):
    assert enlargement(*size) == enlargement(*size[::-1]) == factor


@pytest.mark.parametrize("side", [100, 640, 1700])
@pytest.mark.parametrize("scores", [False, True])
def test_no_pixel_of_an_object_is_covered(side, scores):
    """Forty objects of 3 to 7 px that do not touch, at whole and at broken coordinates."""
    rng = np.random.default_rng(side)
    image = rng.integers(90, 160, (side, side, 3), dtype=np.uint8)
    cells = rng.permutation(49)[:40]
    corners = np.stack([cells % 7, cells // 7], 1) * (side // 7) + rng.uniform(2, 4, (40, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(3, 7, (40, 2))], 1)
    boxes[::2] = boxes[::2].round()
    drawn = annotate(image, found(*boxes, labels=np.arange(40) % 2), CLASSES, scores)
    factor = enlargement(side, side)
    assert drawn.size[0] == side * factor and drawn.size[1] > side * factor
    pixels = np.asarray(drawn)[: side * factor]
    plain = image[..., ::-1].repeat(factor, 0).repeat(factor, 1)
    assert (pixels != plain).any()
    for x0, y0, x1, y1 in boxes * factor:
        inside = np.s_[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))]
        assert np.array_equal(pixels[inside], plain[inside])


def test_an_outline_has_the_color_of_the_class_and_keeps_a_gap():
    image = np.zeros((1000, 1000, 3), np.uint8)
    pixels = np.asarray(annotate(image, found([10, 20, 16, 26], labels=[1]), CLASSES))
    assert outer_pixels(np.array([[10, 20, 16, 26.0]]), 1).tolist() == [[8, 18, 17, 27]]
    row = pixels[23, 6:20].tolist()
    dark, color = list(pixels[23, 7]), list(class_color(1))
    assert row[:3] == [[0, 0, 0], dark, color] and dark != color
    assert row[3:11] == [[0, 0, 0]] * 8 and row[11] == color  # a pixel of gap on either side


def test_colors_of_classes_are_stable_and_never_alike():
    looks = [(class_color(label), is_dashed(label)) for label in range(14)]
    assert len(set(looks)) == 14 and looks[0] == ((86, 180, 233), False)
    image = np.zeros((900, 900, 3), np.uint8)
    box = [[100, 100, 160, 160]]
    solid = np.asarray(annotate(image, found(*box, labels=[0]), CLASSES))[:900]
    dashed = np.asarray(annotate(image, found(*box, labels=[7]), ("x",) * 8))[:900]
    colored = [int((each == class_color(0)).all(axis=2).sum()) for each in (solid, dashed)]
    assert 0.5 * colored[0] < colored[1] < 0.8 * colored[0]


def test_a_score_without_room_is_left_out_and_said():
    image = np.zeros((60, 60, 3), np.uint8)
    boxes = [[x, y, x + 4, y + 4] for x in range(2, 58, 6) for y in range(2, 58, 6)]
    with_scores = annotate(image, found(*boxes), CLASSES, scores=True)
    assert with_scores.size == (240, 240 + 2 * LINE)  # the remark needs a second line
    assert annotate(image, found(*boxes), CLASSES).size == (240, 240 + LINE)


def test_nothing_found_is_said():
    image = np.full((50, 50, 3), 200, np.uint8)
    drawn = np.asarray(annotate(image, found(), CLASSES, scores=True))
    assert (drawn[:200] == 200).all() and len(drawn) == 200 + LINE and drawn[200:].max() > 200


def test_detections_are_counted_in_their_cells():
    points = np.array([[0, 0], [9.9, 9.9], [10, 0], [25, 19.9], [30, 20.0]])
    assert count_cells(points, 10, 3, 2).tolist() == [[2, 1, 0], [0, 0, 2]]


def test_an_overview_numbers_the_cells_that_have_a_detection():
    image = np.zeros((CELL, 2 * CELL, 3), np.uint8)
    boxes = [[3000, 100, 3010, 110]] * 3
    drawn = np.asarray(draw_overview(image, 20, found(*boxes), CLASSES))
    assert drawn.shape[1] == 2 * CELL and not drawn[:CELL, :CELL].any()
    assert drawn[:CELL, CELL:].max() > 200
