"""The ground of a synthetic scene: fields, water, roads, car parks, buildings and trees."""

import cv2
import numpy as np

from .canvas import (
    BUILDING,
    LAND,
    PAVED,
    TREE,
    WATER,
    Canvas,
    fractal_noise,
    rectangle,
    rotation,
)

#: Kinds of scene: how often each is drawn, and its number of roads, car parks and buildings.
KINDS: dict[str, tuple[float, int, int, int]] = {
    "rural": (0.20, 1, 0, 2),
    "urban": (0.35, 3, 2, 14),
    "harbour": (0.30, 1, 1, 4),
    "industrial": (0.15, 2, 3, 6),
}

# Colors are BGR in [0, 1].
_FIELDS = np.array(
    [[66, 98, 92], [58, 84, 72], [92, 128, 130], [104, 138, 152], [70, 108, 104], [84, 104, 118]]
) / 255  # fmt: skip
_WATERS = np.array([[84, 72, 44], [96, 86, 50], [72, 70, 56], [108, 92, 58]]) / 255
_ROOFS = np.array(
    [[120, 120, 122], [78, 92, 140], [172, 172, 168], [136, 112, 92], [88, 88, 96]]
) / 255  # fmt: skip
_CROWN = np.array([42, 66, 56]) / 255


def make_terrain(size: int, kind: str, scale: float, rng: np.random.Generator) -> Canvas:
    """Paint the ground of one scene.

    Args:
        size: Side of the square image in pixels.
        kind: One of :data:`KINDS`.
        scale: Length of a car in pixels; roads and buildings are sized by it.
        rng: Source of randomness.
    """
    canvas = Canvas(size, rng)
    _, roads, car_parks, buildings = KINDS[kind]
    _paint_fields(canvas, rng)
    if kind == "harbour":
        _flood(canvas, rng.uniform(0.4, 0.85), rng)
    elif rng.random() < 0.15:
        _flood(canvas, rng.uniform(0.1, 0.3), rng)
    street_angle = rng.uniform(0, np.pi)
    for _ in range(roads):
        _lay_road(canvas, scale, street_angle + rng.integers(2) * np.pi / 2, rng)
    for _ in range(car_parks):
        _lay_car_park(canvas, scale, street_angle, rng)
    for _ in range(buildings):
        _build(canvas, scale, street_angle + rng.integers(2) * np.pi / 2, rng)
    for _ in range(rng.integers(6, 40)):
        _plant(canvas, scale, rng)
    return canvas


def _paint_fields(canvas: Canvas, rng: np.random.Generator) -> None:
    """Cover everything with a patchwork of fields, each with its own color, rows and relief."""
    size, count = canvas.size, rng.integers(3, 10)
    ys, xs = np.mgrid[:size, :size].astype(np.float32)
    warp = fractal_noise(size, 3, 4, rng) * rng.uniform(0, 6)
    seeds = rng.uniform(0, size, (count, 2)).astype(np.float32)
    owner = np.argmin([np.hypot(xs + warp - x, (ys - warp - y) * 1.6) for x, y in seeds], axis=0)
    colors = _FIELDS[rng.integers(len(_FIELDS), size=count)] * rng.uniform(0.75, 1.15, (count, 1))
    colors += rng.normal(0, 0.02, (count, 3))
    angles, periods = rng.uniform(0, np.pi, count), rng.uniform(2.5, 7, count)
    depths = rng.uniform(0, 0.05, count) * (rng.random(count) < 0.6)
    phase = (xs * np.cos(angles)[owner] + ys * np.sin(angles)[owner]) / periods[owner]
    rows = np.sin(2 * np.pi * phase) * depths[owner]
    relief = 0.09 * fractal_noise(size, 4, 6, rng) + 0.05 * fractal_noise(size, 48, 3, rng)
    canvas.image[:] = colors.astype(np.float32)[owner] * (1 + relief + rows)[..., None]


def _flood(canvas: Canvas, share: float, rng: np.random.Generator) -> None:
    """Put a share of the scene under water with waves, shallows and a bright shore line."""
    size = canvas.size
    ys, xs = np.mgrid[:size, :size].astype(np.float32) / size
    angle = rng.uniform(0, 2 * np.pi)
    height = 3.5 * (xs * np.cos(angle) + ys * np.sin(angle)) + 0.5 * fractal_noise(size, 2, 5, rng)
    depth = (np.quantile(height, share) - height) * size / 7
    waves = cv2.GaussianBlur(fractal_noise(size, size // 3, 2, rng), (0, 0), 1.5, sigmaY=0.5)
    swell = 0.10 * fractal_noise(size, 3, 3, rng) + rng.uniform(0.03, 0.12) * waves
    shallows = np.exp(-np.clip(depth, 0, None) / 9)[..., None] * np.array([0.10, 0.13, 0.10])
    color = _WATERS[rng.integers(len(_WATERS))] * rng.uniform(0.6, 1.15)
    canvas.blend(np.array([150, 176, 186]) / 255, np.exp(-((depth / 2.2) ** 2)) * 0.6)
    canvas.blend(color * (1 + swell)[..., None] + shallows, np.clip(depth + 0.5, 0, 1))
    canvas.surface[depth > 0] = WATER


def _lay_road(canvas: Canvas, scale: float, angle: float, rng: np.random.Generator) -> None:
    """Lay a straight road with verges and, if it is wide, a dashed center line."""
    size, width = canvas.size, scale * rng.uniform(1.1, 2.0)
    center = rng.uniform(0.15, 0.85, 2) * size
    verge = rectangle(center, (3 * size, 1.35 * width), angle)
    canvas.fill([verge], np.array([112, 128, 134]) / 255, 0.35, only_on=LAND)
    asphalt = rng.uniform(0.34, 0.52) * canvas.grain
    window, mask = canvas.fill([rectangle(center, (3 * size, width), angle)], asphalt, 0.95)
    canvas.surface[window][mask > 0.5] = PAVED
    canvas.heading[window][mask > 0.5] = angle
    if width > 9:
        steps = np.arange(-1.5 * size, 1.5 * size, 0.9 * scale)
        spots = center + steps[:, None] * (np.array([1, 0]) @ rotation(angle))
        canvas.fill([rectangle(spot, (0.4 * scale, 0.9), angle) for spot in spots], 0.85, 0.6)


def _lay_car_park(canvas: Canvas, scale: float, angle: float, rng: np.random.Generator) -> None:
    """Lay a car park or a yard with painted stalls, which look like the cars that are not there."""
    size, sides = canvas.size, rng.uniform(3.5, 9, 2) * scale
    center = rng.uniform(0.1, 0.9, 2) * size
    concrete = rng.uniform(0.38, 0.66) * canvas.grain
    window, mask = canvas.fill([rectangle(center, sides, angle)], concrete, only_on=LAND)
    if rng.random() < 0.7:
        columns = np.arange(-0.45, 0.46, 0.55 * scale / sides[0]) * sides[0]
        spots = [(x, y * sides[1]) for x in columns for y in (-0.35, 0.0, 0.35)] @ rotation(angle)
        stalls = [rectangle(center + spot, (0.8, 0.95 * scale), angle) for spot in spots]
        canvas.fill(stalls, 0.9, 0.35, only_on=LAND)
    canvas.surface[window][mask > 0.5] = PAVED
    canvas.heading[window][mask > 0.5] = angle + np.pi / 2


def _build(canvas: Canvas, scale: float, angle: float, rng: np.random.Generator) -> None:
    """Put up a building: shadow, two roof faces, and small bright boxes (cooling units) on it."""
    center, sides = rng.uniform(0, 1, 2) * canvas.size, rng.uniform(1.6, 5.5, 2) * scale
    outline = rectangle(center, sides, angle)
    window, mask = canvas.coverage([outline])
    if (canvas.surface[window][mask > 0] != LAND).any():
        return
    canvas.fill([outline + canvas.sun * scale * rng.uniform(0.25, 0.9)], 0, 0.55)
    roof = _ROOFS[rng.integers(len(_ROOFS))] * rng.uniform(0.7, 1.3) + rng.normal(0, 0.02, 3)
    canvas.fill([outline], roof)
    lit = (np.array([0, 0.25]) * sides) @ rotation(angle) + center
    canvas.fill([rectangle(lit, sides * (1, 0.5), angle)], roof * rng.uniform(1.0, 1.25))
    for _ in range(rng.integers(0, 5)):
        spot = (rng.uniform(-0.38, 0.38, 2) * sides) @ rotation(angle) + center
        unit = rectangle(spot, rng.uniform(0.2, 0.6, 2) * scale, angle)
        canvas.fill([unit + canvas.sun * 1.2], 0, 0.4)
        canvas.fill([unit], rng.uniform(0.55, 0.95))
    canvas.surface[window][mask > 0.3] = BUILDING


def _plant(canvas: Canvas, scale: float, rng: np.random.Generator) -> None:
    """Plant a tree: a ragged dark crown, lit from one side, with its shadow."""
    center, radius = rng.uniform(0, canvas.size, 2), rng.uniform(0.2, 0.75) * scale
    column, row = center.astype(int)
    if canvas.surface[row, column] != LAND:
        return
    turns = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radii = radius * rng.uniform(0.75, 1.2, 14)
    crown = np.stack([np.cos(turns), np.sin(turns)], axis=1) * radii[:, None]
    color = _CROWN * rng.uniform(0.7, 1.3)
    canvas.fill([crown + center + 0.7 * radius * canvas.sun], 0, 0.5)
    window, mask = canvas.fill([crown + center], color)
    canvas.fill([crown * 0.55 + center - 0.3 * radius * canvas.sun], color * 1.55, 0.6)
    canvas.surface[window][mask > 0.5] = TREE
