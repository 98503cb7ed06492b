"""The shortest side that a box keeps in float32, in which a training has its coordinates."""

from typing import TypeVar

from numpy import ndarray

Pixels = TypeVar("Pixels", float, ndarray)

#: The step from a float32 to the next, as a share of it, at most.
STEP = 2**-23
#: Both corners round, by half a step each, and a mosaic doubles coordinates: a box of two steps
#: could vanish. Twice as many leave it half its side.
STEPS = 4


def shortest_side(extent: Pixels) -> Pixels:
    """Return the side, in pixels, below which a box may have none in float32.

    A box that has lost its width or height has an infinite loss: the box coders of mmdet take the
    logarithm of the sides. The bound holds anywhere in the image, so that neither a flip nor a
    mosaic brings it about.

    Args:
        extent: Longer side of the image in pixels.

    >>> shortest_side(1024.0)
    0.00048828125
    """
    return STEPS * STEP * extent


def vanishes(start: Pixels, side: Pixels, extent: Pixels, longest: Pixels) -> bool | ndarray:
    """Say whether a box, along one axis, may have no side in float32 within its image.

    mmdet's ``Resize`` clips boxes to the image, so the part inside counts; a box that lies wholly
    inside is its own part. All may be arrays, of shapes that broadcast.

    Args:
        start: Lower end of the box in pixels.
        side: Its length in pixels.
        extent: Side of the image along this axis in pixels.
        longest: Longer side of the image in pixels.

    >>> vanishes(-8, 8.01, 800, 1024), vanishes(-8, 8 + 1e-9, 800, 1024)
    (False, True)
    """
    least = shortest_side(longest)
    return (side < least) | (start + side < least) | (extent - start < least)
