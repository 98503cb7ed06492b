"""Slow references of the measures that thresholds can stand on, and of their calibration.

The calibration is done from its definition: the ground truth is moved along x, and along y, until
it is as far from itself as the pair is, by bisection; nothing is known of the measures.
"""

import math
from collections.abc import Callable

from . import overlap_reference, rival_reference
from .reference import Box, is_box

Measure = Callable[[Box, Box], float]


def dotd(scale: float) -> Measure:
    return lambda g, b: overlap_reference.dotd(g, b, scale)


def nwd(constant: float) -> Measure:
    return lambda g, b: rival_reference.nwd(g, b, constant)


def rfd(kind: str) -> Measure:
    return lambda g, b: rival_reference.rfd(g, b, kind)


def simd(m: float, n: float) -> Measure:
    return lambda g, b: rival_reference.simd(g, b, m, n)


def of_boxes(measure: Measure) -> Measure:
    """0 for what is no box, and in the place of a negative value."""

    def guarded(g: Box, b: Box) -> float:
        return max(measure(g, b), 0.0) if is_box(g) and is_box(b) else 0.0

    return guarded


def calibrated(measure: Measure) -> Measure:
    def on_the_scale_of_iou(g: Box, b: Box) -> float:
        value = measure(g, b)
        shifts = [equal_shift(measure, g, axis, value) for axis in (0, 1)]
        return math.exp(-2 * math.sqrt(shifts[0] * shifts[1]))

    return on_the_scale_of_iou


def moved(g: Box, axis: int, share: float) -> Box:
    step = [0.0, 0.0]
    step[axis] = share * (g[axis + 2] - g[axis])
    return (g[0] + step[0], g[1] + step[1], g[2] + step[0], g[3] + step[1])


def equal_shift(measure: Measure, g: Box, axis: int, value: float) -> float:
    """By what share of its side g has to move so that its measure with itself is the value."""
    low, high = 0.0, 1e3
    if value >= measure(g, g) or measure(g, moved(g, axis, high)) >= value:
        return 0.0 if value >= measure(g, g) else math.inf
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if measure(g, moved(g, axis, middle)) > value else (low, middle)
    return (low + high) / 2
