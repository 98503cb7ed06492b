"""The NoCo map, by hand and against a slow reference."""

import math

import numpy as np
import pytest

from adla.datasets.noco_map import noco_map


def slow_noco_map(image, boxes):
    """As the definition reads, pixel by pixel, for boxes on the pixel grid and in the image."""
    height, width = image.shape
    noco = np.zeros((height, width))
    for x1, y1, x2, y2 in boxes:
        w, h = x2 - x1, y2 - y1
        patch = [
            (r, c)
            for r in range(max(y1 - h, 0), min(y2 + h, height))
            for c in range(max(x1 - w, 0), min(x2 + w, width))
        ]
        lowest = min(float(image[p]) for p in patch)
        brightest = max(float(image[r, c]) for r in range(y1, y2) for c in range(x1, x2))
        values = {}
        for r, c in patch:
            dx = -1.5 + 3 * (c - (x1 - w)) / (3 * w - 1)
            dy = -1.5 + 3 * (r - (y1 - h)) / (3 * h - 1)
            contrast = (float(image[r, c]) - lowest) / (brightest - lowest + 0.01)
            values[r, c] = contrast * math.exp(-(math.hypot(dx, dy) ** 2) / 2)
        low, high = min(values.values()), max(values.values())
        for place, value in values.items():
            noco[place] = (value - low) / (high - low + 0.001)
    return noco


def test_one_pixel_target_by_hand():
    """A bright pixel on black: contrast 200 / 200.01 there, 0 elsewhere; the Gaussian is 1.

    Rescaled .99995 / (.99995 + .001) = .99900.
    """
    image = np.zeros((7, 7), np.uint8)
    image[3, 4] = 200
    noco = noco_map(image, np.array([[4, 3, 5, 4]]))
    peak = 200 / 200.01
    assert noco[3, 4] == pytest.approx(peak / (peak + 0.001))
    noco[3, 4] = 0
    assert not noco.any()


def test_agrees_with_the_slow_reference():
    """Borders, neighbors whose patches meet, boxes of any shape."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        image = rng.integers(0, 256, (24, 31)).astype(np.uint8)
        corner = rng.integers(0, 20, (4, 2))
        boxes = np.concatenate([corner, corner + rng.integers(1, 5, (4, 2))], 1)
        expected = slow_noco_map(image, boxes.tolist())
        np.testing.assert_allclose(noco_map(image, boxes), expected, atol=1e-6)


def test_edge_cases():
    image = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
    assert not noco_map(image, np.zeros((0, 4))).any()
    assert not noco_map(np.full((20, 30), 90, np.uint8), np.array([[4, 4, 8, 8]])).any()
    # Outside the image: left out. Half outside: the visible part counts.
    assert not noco_map(image, np.array([[40, 4, 44, 8], [-9, -9, -1, -2]])).any()
    half = noco_map(image, np.array([[-3, 5, 3, 9]]))
    assert np.isfinite(half).all() and 0 < half.max() < 1 and half[:, 9:].max() == 0
    # Thinner than a pixel: the pixel at the nearest border.
    thin = noco_map(image, np.array([[10.2, 5.1, 10.4, 5.3]]))
    np.testing.assert_array_equal(thin, noco_map(image, np.array([[10, 5, 11, 6]])))
