"""The canvas of a synthetic scene: sub-pixel polygons, shadows and multi-octave noise."""

import cv2
import numpy as np
from numpy import ndarray

#: What a pixel shows; objects are placed by it.
LAND, WATER, PAVED, BUILDING, TREE = range(5)


class Canvas:
    """A square picture under construction.

    Positions are continuous pixels: pixel (row i, column j) covers [j, j + 1] x [i, i + 1].

    Attributes:
        image: Colors of shape (S, S, 3), BGR, float32, in [0, 1].
        surface: What each pixel shows, shape (S, S), uint8, one of the constants above.
        heading: Direction of the road through each pixel, shape (S, S), radians, NaN off the roads.
        sun: Unit vector, shape (2,), in whose direction shadows fall.
        grain: Factors around 1, shape (S, S, 3), that roughen a plain color.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size = size
        sun_angle = rng.uniform(0, 2 * np.pi)
        self.image = np.zeros((size, size, 3), np.float32)
        self.surface = np.full((size, size), LAND, np.uint8)
        self.heading = np.full((size, size), np.nan, np.float32)
        self.sun = np.array([np.cos(sun_angle), np.sin(sun_angle)])
        self.grain = 1 + 0.06 * fractal_noise(size, 24, 4, rng)[..., None] * np.ones(3, np.float32)

    def fill(
        self,
        polygons: list[ndarray],
        color: ndarray | float,
        opacity: float = 1.0,
        only_on: int | None = None,
    ) -> tuple[tuple[slice, slice], ndarray]:
        """Fill the union of some polygons, antialiased.

        Args:
            polygons: Corners, each of shape (P, 2), xy in pixels; they may leave the picture.
            color: A BGR color, a gray value, or a picture of shape (S, S, 3), in [0, 1].
            opacity: 0 changes nothing, 1 covers; a shadow is color 0 with a low opacity.
            only_on: Paint only where the surface has this value.

        Returns:
            The window (rows, columns) that was touched and the coverage in it, in [0, 1].
        """
        window, mask = self.coverage(polygons)
        if only_on is not None:
            mask = mask * (self.surface[window] == only_on)
        self.blend(color, opacity * mask, window)
        return window, mask

    def blend(
        self,
        color: ndarray | float,
        mask: ndarray,
        window: tuple[slice, slice] = (slice(None),) * 2,
    ) -> None:
        """Mix a color (as in :meth:`fill`) into a window with the weights of a mask in [0, 1]."""
        color = np.asarray(color, np.float32)
        color = color[window] if color.ndim == 3 else color
        self.image[window] += mask[..., None] * (color - self.image[window])

    def coverage(self, polygons: list[ndarray]) -> tuple[tuple[slice, slice], ndarray]:
        """Return a window and the share of each of its pixels that lies inside the polygons."""
        corners = np.concatenate(polygons)
        lower = np.clip(np.floor(corners.min(axis=0)).astype(int) - 1, 0, self.size)
        upper = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, self.size)
        window = (slice(lower[1], upper[1]), slice(lower[0], upper[0]))
        width, height = upper - lower
        if min(width, height) == 0:
            return window, np.zeros((height, width), np.float32)
        fine = 16 if max(width, height) <= 48 else 4
        mask = np.zeros((height * fine, width * fine), np.uint8)
        for polygon in polygons:
            fixed = np.round(((polygon - lower) * fine - 0.5) * 16).astype(np.int32)
            cv2.fillPoly(mask, [fixed], 255, shift=4)
        mask = cv2.resize(mask, (int(width), int(height)), interpolation=cv2.INTER_AREA)
        return window, mask.astype(np.float32) / 255


def fractal_noise(size: int, coarsest: int, octaves: int, rng: np.random.Generator) -> ndarray:
    """Return multi-octave noise of shape (size, size), float32, mean 0, standard deviation 1.

    Args:
        size: Side in pixels.
        coarsest: Number of cells along one side in the first octave; it doubles with each octave.
        octaves: Number of octaves; the amplitude falls by 0.55 with each.
        rng: Source of randomness.
    """
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        cells = min(coarsest * 2**octave, size)
        grid = rng.standard_normal((cells + 2, cells + 2), dtype=np.float32)
        total += 0.55**octave * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    return (total - total.mean()) / (total.std() + 1e-6)


def rotation(angle: float) -> ndarray:
    """Return the matrix (2, 2) that turns row vectors, `points @ matrix`; angle in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, sin], [-sin, cos]])


def rectangle(center: ndarray, sides: ndarray | tuple[float, float], angle: float) -> ndarray:
    """Return the corners (4, 2) of a rectangle with the given center, sides and angle (radians)."""
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * sides
    return corners @ rotation(angle) + center
