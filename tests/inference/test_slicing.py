import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mmengine.config import Config

from adla.inference.slicing import choose_overlap, config_size, make_grid


@example(1000, 1000, 100, 0.295)
@settings(deadline=None, max_examples=50)
@given(*[st.integers(1, 900)] * 2, st.integers(32, 400), st.floats(0, 0.95))
def test_slices_cover_the_scene_with_at_least_the_overlap(width, height, size, ratio):
    overlap = int(ratio * size)
    grid = make_grid(width, height, size, overlap)
    for spans, length in ((grid.columns, width), (grid.rows, height)):
        assert spans[0, 0] == 0 and spans[-1, 1] == length
        assert (spans[:, 1] - spans[:, 0] == min(size, length)).all()
        assert (spans[:-1, 1] - spans[1:, 0] >= overlap).all()
        assert (spans[:-2, 1] - spans[1:-1, 0] == overlap).all()
    assert len(grid) == len(grid.boxes) == len(grid.columns) * len(grid.rows)
    assert np.array_equal(grid.boxes[0, 2:], [min(size, width), min(size, height)])


def test_slice_zero_takes_the_scene_whole():
    assert make_grid(123, 45, 0, 96).boxes.tolist() == [[0, 0, 123, 45]]


@pytest.mark.parametrize(
    ("resize", "size"),
    [(dict(scale=(800, 800)), 800), (dict(scale=(1333, 640)), 640), (dict(scale_factor=1.0), 800)],
)
def test_the_slice_is_the_scale_of_the_test_pipeline(resize, size):
    pipeline = [dict(type="LoadImageFromFile"), dict(type="mmdet.Resize", **resize)]
    config = Config(dict(test_dataloader=dict(dataset=dict(pipeline=pipeline))))
    assert config_size(config) == size


def test_the_overlap_has_room_for_the_largest_object():
    assert choose_overlap(800, 0.2, 32) == 160
    assert choose_overlap(256, 0.2, 32) == 96


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((800, 1.0, 32), r"--overlap .* but got 1"),
        ((96, 0.2, 32), "slices of 96 px would overlap by 96 px"),
        ((16, 0.2, 2), "--slice .* but got 16"),
        ((800, 0.2, 0), "--max-object .* but got 0"),
    ],
)
def test_slices_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        choose_overlap(*arguments)


@pytest.mark.parametrize("scale", ["x", [], {"a": 1}, float("nan"), float("inf"), [3, "y"]])
def test_a_scale_that_is_none_is_one_message(scale):
    step = dict(type="Resize", scale=scale)
    config = Config(dict(test_dataloader=dict(dataset=dict(pipeline=[step]))))
    with pytest.raises(ValueError, match=r"pipeline's Resize has the scale .*, not a width"):
        config_size(config)
