"""How many held-out images have a near-duplicate among the training images."""

from collections.abc import Sequence

import numpy as np
from numpy import ndarray
from PIL import Image

THUMBNAIL = (32, 26)
#: Correlation of two thumbnails above which they show the same scene from the same place.
SAME_SCENE = 0.99
_BLOCK = 512


def thumbnail(image: Image.Image) -> ndarray:
    """Return the gray thumbnail of an image, float32, mean 0 and length 1 (0 if it is uniform)."""
    small = image.convert("L").resize(THUMBNAIL, Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32).ravel()
    pixels = pixels - pixels.mean()
    length = np.linalg.norm(pixels)
    return pixels / length if length else pixels


def near_duplicate_share(
    held_out: Sequence[ndarray], training: Sequence[ndarray], threshold: float = SAME_SCENE
) -> float:
    """Return the share of held-out images that have a near-duplicate among the training images.

    Args:
        held_out: Thumbnails, see :func:`thumbnail`.
        training: Thumbnails likewise.
        threshold: Correlation, above which two images are near-duplicates.

    Returns:
        A share in [0, 1]; 0 where one of the two is empty.
    """
    if not (len(held_out) and len(training)):
        return 0.0
    images, others = np.stack(held_out), np.stack(training).T
    best = [
        (images[start : start + _BLOCK] @ others).max(axis=1)
        for start in range(0, len(images), _BLOCK)
    ]
    return float((np.concatenate(best) > threshold).mean())
