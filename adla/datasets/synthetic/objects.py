"""The tiny objects of a synthetic scene: their shapes, their parts and their clutter."""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from .canvas import LAND, PAVED, WATER, Canvas, rotation

#: Class names in the order of the labels.
CLASSES: tuple[str, ...] = ("vehicle", "ship", "storage-tank", "person")

_CIRCLE = np.stack(
    [np.cos(np.linspace(0, 2 * np.pi, 32)), np.sin(np.linspace(0, 2 * np.pi, 32))], axis=1
)
# Colors are BGR in [0, 1].
_PAINTS = np.array(
    [[225, 228, 228], [196, 198, 200], [42, 42, 44], [110, 112, 114], [46, 40, 150],
     [140, 78, 40], [70, 120, 160], [80, 100, 70]]
) / 255  # fmt: skip
_DECKS = np.array([[206, 210, 210], [150, 152, 150], [72, 84, 132], [96, 92, 88]]) / 255
_TANKS = np.array([[222, 224, 224], [188, 192, 192], [132, 142, 152], [96, 116, 148]]) / 255
_CLOTHES = np.array([[40, 38, 42], [210, 206, 204], [48, 44, 150], [150, 96, 46]]) / 255


@dataclass
class ObjectShape:
    """An object around the origin, before it is placed.

    Attributes:
        outline: Corners of the body, shape (P, 2), pixels; the tight box is taken from it.
        parts: Polygons and their colors, painted in this order after the shadow.
        height: How far the shadow falls, in pixels.
    """

    outline: ndarray
    parts: list[tuple[ndarray, ndarray]]
    height: float

    @property
    def box(self) -> ndarray:
        """The tight box, shape (4,), xyxy in pixels, relative to the origin."""
        return np.concatenate([self.outline.min(axis=0), self.outline.max(axis=0)])


def _bar(x0: float, x1: float, y: float) -> ndarray:
    """Return a rectangle from x0 to x1 with half width y."""
    return np.array([[x0, -y], [x1, -y], [x1, y], [x0, y]])


def _vehicle(rng: np.random.Generator) -> ObjectShape:
    aspect, paint = rng.uniform(1.9, 2.5), _PAINTS[rng.integers(len(_PAINTS))]
    y = 0.5 / aspect
    body = np.array(
        [[-0.47, -y], [0.42, -y], [0.5, -0.7 * y], [0.5, 0.7 * y], [0.42, y], [-0.47, y],
         [-0.5, 0.8 * y], [-0.5, -0.8 * y]]
    )  # fmt: skip
    glass = np.array([70, 62, 56]) / 255
    if rng.random() < 0.25:
        return ObjectShape(body, [(body, paint * 0.7), (_bar(-0.5, 0.2, 0.97 * y), paint)], 0.30)
    parts = [(body, paint), (_bar(0.08, 0.24, 0.8 * y), glass), (_bar(-0.4, -0.3, 0.75 * y), glass)]
    return ObjectShape(body, parts, 0.18)


def _ship(rng: np.random.Generator) -> ObjectShape:
    aspect, deck = rng.uniform(2.4, 4.2), _DECKS[rng.integers(len(_DECKS))]
    y = 0.5 / aspect
    hull = np.array(
        [[-0.5, -0.75 * y], [-0.4, -y], [0.15, -y], [0.36, -0.6 * y], [0.5, 0],
         [0.36, 0.6 * y], [0.15, y], [-0.4, y], [-0.5, 0.75 * y]]
    )  # fmt: skip
    bridge = rng.uniform(-0.35, 0.05)
    parts = [
        (hull, deck * 0.85),
        (hull * (0.88, 0.62), deck),
        (_bar(bridge, bridge + 0.16, 0.7 * y), deck * 0 + 0.9),
    ]
    return ObjectShape(hull, parts, 0.08)


def _storage_tank(rng: np.random.Generator) -> ObjectShape:
    paint, radius = _TANKS[rng.integers(len(_TANKS))], 0.5
    parts = [
        (_CIRCLE * radius, paint * 0.8),
        (_CIRCLE * radius * 0.88, paint),
        (_CIRCLE * radius * 0.12 + rng.uniform(-0.15, 0.15, 2), paint * 0.6),
    ]
    return ObjectShape(_CIRCLE * radius, parts, rng.uniform(0.2, 0.6))


def _person(rng: np.random.Generator) -> ObjectShape:
    shoulders = _CIRCLE * (0.5, rng.uniform(0.3, 0.42))
    clothes, hair = _CLOTHES[rng.integers(len(_CLOTHES))], np.array([52, 62, 84]) / 255
    return ObjectShape(shoulders, [(shoulders, clothes), (_CIRCLE * 0.24, hair)], 1.1)


_MAKERS = {"vehicle": _vehicle, "ship": _ship, "storage-tank": _storage_tank, "person": _person}


def make_object(name: str, size: float, angle: float, rng: np.random.Generator) -> ObjectShape:
    """Make an object whose tight box has a given size.

    Args:
        name: One of :data:`CLASSES`.
        size: Square root of the area of the tight box, in pixels.
        angle: Direction of its long side in radians.
        rng: Source of randomness (proportions and paint).
    """
    shape = _MAKERS[name](rng)
    turn = rotation(angle)
    width, height = np.ptp(shape.outline @ turn, axis=0)
    factor = size / np.sqrt(width * height)
    return ObjectShape(
        outline=shape.outline @ turn * factor,
        parts=[(polygon @ turn * factor, color) for polygon, color in shape.parts],
        height=shape.height * factor,
    )


def paint_object(canvas: Canvas, shape: ObjectShape, center: ndarray) -> None:
    """Paint an object and its shadow with its origin at `center`, shape (2,), xy in pixels."""
    shadow = [shape.outline + center + canvas.sun * shape.height * step for step in (0.5, 1.0)]
    canvas.fill(shadow, 0, 0.45)
    for polygon, color in shape.parts:
        canvas.fill([polygon + center], color)


def scatter_clutter(canvas: Canvas, count: int, rng: np.random.Generator) -> None:
    """Paint small things that are no objects: rocks, breaking waves, specks, scratches, shadows."""
    for _ in range(count):
        center, size = rng.uniform(0, canvas.size, 2), rng.lognormal(1.3, 0.5)
        column, row = center.astype(int)
        surface = canvas.surface[row, column]
        ragged = _CIRCLE[::3] * rng.uniform(0.55, 1.1, (len(_CIRCLE[::3]), 1)) * size / 2
        streak = _bar(-size, size, rng.uniform(0.3, 0.6)) @ rotation(rng.uniform(0, np.pi))
        if surface == WATER:
            foam = rng.random() < 0.6
            canvas.fill([(streak if foam else ragged) + center], 0.8 if foam else 0.25, 0.55)
        elif surface == LAND:
            canvas.fill([ragged + center + canvas.sun * size * 0.3], 0, 0.4)
            canvas.fill(
                [ragged + center], np.array([0.5, 0.53, 0.56]) * rng.uniform(0.5, 1.5), 0.85
            )
        elif surface == PAVED:
            dark = rng.random() < 0.5
            canvas.fill([(ragged if dark else streak) + center], 0.2 if dark else 0.8, 0.45)
