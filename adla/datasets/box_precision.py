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
