"""One synthetic aerial scene: how many objects, how large, of which class, and where."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy import ndarray

from .canvas import BUILDING, LAND, PAVED, TREE, WATER, Canvas
from .objects import CLASSES, make_object, paint_object, scatter_clutter
from .terrain import KINDS, make_terrain

#: Mean size (root of the box area) of AI-TOD's objects, and the spread drawn here, in pixels.
SIZE_MEAN, SIZE_STD = 12.8, 5.9
#: Smallest and largest object drawn, in pixels.
SIZE_RANGE = (2.5, 64.0)

# Of the variance of log(size): what differs between scenes (ground resolution) and within one.
_LOG_VAR = np.log1p((SIZE_STD / SIZE_MEAN) ** 2)
_BETWEEN, _WITHIN = 0.55 * _LOG_VAR, 0.45 * _LOG_VAR
_EMPTY_SHARE = 0.08
# Class: how common, its usual size relative to the others in the scene, and where it may stand.
_HABITS = {
    "vehicle": (0.35, 1.0, (PAVED, PAVED, PAVED, LAND)),
    "ship": (0.50, 1.2, (WATER,)),
    "storage-tank": (0.12, 1.6, (LAND,)),
    "person": (0.25, 0.5, (LAND, PAVED)),
}


@dataclass
class Scene:
    """One picture with its objects.

    Attributes:
        image: Shape (S, S, 3), BGR, uint8.
        boxes: Tight boxes of shape (K, 4), xyxy in continuous pixels, float64.
        labels: Indices into `CLASSES`, shape (K,), int64.
    """

    image: ndarray
    boxes: ndarray
    labels: ndarray


def sample_sizes(count: int, rng: np.random.Generator) -> tuple[ndarray, float]:
    """Draw the object sizes of one scene.

    Over many scenes the sizes are lognormal with AI-TOD's mean and standard deviation (matched by
    moments): 20 % are below 8 px, 77 % below 16 px. The logarithm is the sum of one normal number
    per scene, the ground resolution, and one per object.

    Returns:
        Sizes (count,) in pixels, clipped to `SIZE_RANGE`, and the median size of the scene.
    """
    scene = np.log(SIZE_MEAN) - _LOG_VAR / 2 + np.sqrt(_BETWEEN) * rng.standard_normal()
    sizes = np.exp(scene + np.sqrt(_WITHIN) * rng.standard_normal(count))
    return np.clip(sizes, *SIZE_RANGE), float(np.exp(scene))


def make_scene(size: int, rng: np.random.Generator) -> Scene:
    """Make one scene.

    Args:
        size: Side of the square image in pixels, at least 64.
        rng: Source of randomness; the scene depends on nothing else.

    Raises:
        ValueError: If `size` is below 64.
    """
    if size < 64:
        raise ValueError(f"size must be at least 64 pixels, but got {size}")
    kind = rng.choice(list(KINDS), p=[share for share, *_ in KINDS.values()])
    empty = rng.random() < _EMPTY_SHARE
    mean_count = 14 * (size / 256) ** 2
    count = 0 if empty else 1 + rng.poisson(rng.gamma(2, mean_count / 2))
    sizes, typical = sample_sizes(count, rng)
    canvas = make_terrain(size, kind, float(np.clip(1.1 * typical, 7, 20)), rng)
    scatter_clutter(canvas, int(rng.integers(5, 40)), rng)
    boxes, labels = _populate(canvas, np.sort(sizes)[::-1], typical, rng)
    return Scene(_develop(canvas.image, rng), boxes, labels)


def _populate(
    canvas: Canvas, sizes: ndarray, typical: float, rng: np.random.Generator
) -> tuple[ndarray, ndarray]:
    """Place objects, largest first; those that find no free ground are left out."""
    boxes, labels = np.zeros((0, 4)), []
    ground = {surface: np.argwhere(canvas.surface == surface) for surface in (LAND, WATER, PAVED)}
    for size in sizes:
        names = [name for name in CLASSES if any(len(ground[s]) > 200 for s in _HABITS[name][2])]
        usual = np.array([_HABITS[name][1] * typical for name in names])
        odds = np.array([_HABITS[name][0] for name in names])
        odds = odds * np.exp(-((np.log(size / usual)) ** 2) / 0.15)
        name = str(rng.choice(names, p=odds / odds.sum()))
        for _ in range(20):
            placed = _try_place(canvas, name, size, ground, boxes, rng)
            if placed is not None:
                boxes = np.vstack([boxes, placed])
                labels.append(CLASSES.index(name))
                break
    return boxes, np.array(labels, np.int64)


def _try_place(
    canvas: Canvas,
    name: str,
    size: float,
    ground: dict[int, ndarray],
    boxes: ndarray,
    rng: np.random.Generator,
) -> ndarray | None:
    """Paint an object on a random spot and return its box (4,), or None if the spot is taken."""
    spots = ground[rng.choice(_HABITS[name][2])]
    if not len(spots):
        return None
    row, column = spots[rng.integers(len(spots))]
    heading = canvas.heading[row, column]
    along_road = name == "vehicle" and np.isfinite(heading)
    angle = heading + rng.normal(0, 0.04) if along_road else rng.uniform(0, 2 * np.pi)
    center = np.array([column, row]) + rng.uniform(0, 1, 2)
    shape = make_object(name, size, angle, rng)
    box = shape.box + np.tile(center, 2)
    apart = (box[:2] > boxes[:, 2:] + 1).any(axis=1) | (box[2:] < boxes[:, :2] - 1).any(axis=1)
    if box.min() < 0.5 or box.max() > canvas.size - 0.5 or not apart.all():
        return None
    window, mask = canvas.coverage([shape.outline + center])
    under = canvas.surface[window][mask > 0]
    forbidden = (LAND, PAVED, BUILDING, TREE) if name == "ship" else (WATER, BUILDING, TREE)
    if np.isin(under, forbidden).any():
        return None
    paint_object(canvas, shape, center)
    return box


def _develop(image: ndarray, rng: np.random.Generator) -> ndarray:
    """Turn the painting into a photograph: haze, point spread, sensor noise, 8 bits."""
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.45, 0.75))
    image = rng.uniform(0.8, 1.15) * image + rng.uniform(0, 0.06)
    image = image + rng.normal(0, 0.01, 3)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    image = image + noise * (rng.uniform(0.006, 0.018) + 0.012 * np.sqrt(np.clip(image, 0, 1)))
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
