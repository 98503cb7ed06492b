"""hotcoco and pycocotools give the same numbers."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adla.evaluation.coco_engines import load_engine
from adla.evaluation.tiny_evaluation import TinyEvaluation

from .cases import detections, grid, random_case, square, truth


def both(gts, dts, **kwargs):
    return [TinyEvaluation(gts, dts, engine=name, **kwargs) for name in ("hotcoco", "pycocotools")]


def by_class(matches, dts):
    """The matches of one class after those of another, in the order of each."""
    order = np.argsort(dts.labels[matches.detections], kind="stable")
    return [column[order] for column in matches]


def assert_equal(gts, dts, **kwargs):
    ours, reference = both(gts, dts, **kwargs)
    for mine, theirs in zip(ours.curves, reference.curves, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-6)
    for mine, theirs in zip(
        by_class(ours.matches, dts), by_class(reference.matches, dts), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    assert ours.summarize() == pytest.approx(reference.summarize(), abs=1e-6)
    return ours


@pytest.mark.parametrize("seed", range(8))
def test_random_data(seed):
    gts, dts = random_case(seed)
    numbers = assert_equal(gts, dts, max_dets=(1, 5, 20)).summarize()
    assert 0 < numbers["AP"] < numbers["AP50"] < numbers["AP25"] < 1
    assert numbers["AR@1"] < numbers["AR@5"] < numbers["AR@20"]
    assert gts.crowds.any() and len(set(dts.scores)) < len(dts.scores) / 5


def test_3000_detections_in_one_image():
    gts, _ = random_case(1, images=2, objects=60, found=1)
    rng = np.random.default_rng(0)
    near = gts.boxes[rng.integers(0, len(gts.boxes), 3000)] + rng.integers(-3, 4, (3000, 4))
    near[:, 2:] = near[:, 2:].clip(1)
    labels, scores = rng.integers(0, 4, 3000), rng.integers(0, 99, 3000) / 99
    dts = detections(list(zip([1] * 3000, labels, near, scores, strict=True)))
    numbers = assert_equal(gts, dts, max_dets=(100, 300, 700)).summarize()
    assert numbers["AR@100"] < numbers["AR@300"] < 1


small_box = st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(0, 20)] * 2).map(list)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 3), small_box,
            st.sampled_from([0, 63.9, 64, 256, 1024, 5e9]), st.booleans(),
        ),
        max_size=8,
    ),
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 3), small_box, st.sampled_from([0, 0.25, 0.5, 1])
        ),
        max_size=12,
    ),
    st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True).map(sorted),
)  # fmt: skip
def test_small_cases(gts, dts, max_dets):
    assert_equal(truth(gts, images=3), detections(dts), max_dets=max_dets)


@pytest.mark.parametrize("engine", ["hotcoco", "pycocotools"])
def test_matches_name_what_was_found(engine):
    gts = truth(
        [(0, 0, square(0, 0, 8)), (1, 1, square(0, 0, 8)), (1, 1, square(50, 50, 90), 8100, True)],
        images=2,
    )
    dts = detections(
        [
            (1, 1, square(60, 60, 9), 0.9),  # in the crowd
            (0, 0, square(0, 0, 9), 0.4),
            (0, 0, square(0, 0, 8), 0.5),
            (1, 1, square(0, 0, 8), 0.1),
            (1, 0, square(0, 0, 8), 0.8),  # another class
        ]
    )
    chosen, found, ignored = by_class(load_engine(engine)(gts, dts).matches(0.5, 10), dts)
    assert chosen.tolist() == [2, 1, 4, 0, 3]  # by class, image and score
    assert found.tolist() == [0, -1, -1, 2, 1]
    assert ignored.tolist() == [False, False, False, True, False]


@pytest.mark.parametrize("engine", ["hotcoco", "pycocotools"])
def test_chunks_of_images_are_joined_in_order(engine, monkeypatch):
    gts, dts = random_case(3)
    whole = by_class(load_engine(engine)(gts, dts).matches(0.5, 10), dts)
    monkeypatch.setattr("adla.evaluation.coco_engines.IMAGES_PER_CHUNK", 3)
    parts = by_class(load_engine(engine)(gts, dts).matches(0.5, 10), dts)
    for part, full in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(part, full)


def test_numbers_are_the_same_in_every_unit_of_score():
    gts, dts = random_case(5)
    scaled = detections(list(zip(dts.images, dts.labels, dts.boxes, dts.scores / 7, strict=True)))
    assert TinyEvaluation(gts, dts).summarize() == TinyEvaluation(gts, scaled).summarize()


def test_unknown_engine():
    with pytest.raises(ValueError, match="engine must be one of hotcoco, pycocotools, but got 'x'"):
        load_engine("x")


@pytest.mark.parametrize("name", ["hotcoco", "pycocotools"])
def test_engine_that_is_not_installed(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"run 'pip install {name}' or choose engine="):
        load_engine(name)


def test_what_is_not_finite_is_refused():
    gts = truth([(0, 0, grid(1)[0])])
    for box, score in (([0, 0, np.nan, 1], 0.5), ([0, 0, 1, np.inf], 0.5), ([0, 0, 1, 1], np.nan)):
        with pytest.raises(ValueError, match="1 detections are not finite, the first of image 0"):
            TinyEvaluation(gts, detections([(0, 0, box, score)]))
