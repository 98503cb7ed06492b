"""The normalized contrast (NoCo) of infrared targets."""

from typing import Literal

import numpy as np

Rounding = Literal["nearest", "toward_zero"]

_ROUND = {"nearest": np.rint, "toward_zero": np.trunc}
_REACH = 1.5  # the patch of a target spans 1.5 standard deviations to each side of its center
_CONTRAST_EPS, _RESCALE_EPS = 0.01, 0.001


def noco_map(image: np.ndarray, boxes: np.ndarray, rounding: Rounding = "nearest") -> np.ndarray:
    """Compute how near each pixel is to the bright middle of a target.

    Around every box lies a patch of three times its width and height, clipped to the image. In it
    ``contrast = (I - min I) / (max I in the box - min I + .01)`` times a Gaussian of the distance
    from the center, rescaled to [0, 1) by ``(x - min) / (max - min + .001)``. Where patches meet,
    the later box wins. A patch of one brightness is 0. (Definition: OSCAR, arXiv 2212.08472.)

    Boxes are taken at pixel borders, at least one pixel apart; boxes outside the image are left
    out.

    Args:
        image: Brightness (H, W).
        boxes: Targets (N, 4), xyxy in pixels of this image.
        rounding: Which borders: the ``nearest``, or that ``toward_zero``, by which the authors'
            program cuts off fractions; boxes of whole pixels do not differ.

    Returns:
        Map (H, W) in float32, 0 away from the targets.
    """
    height, width = image.shape
    noco = np.zeros((height, width), np.float32)
    corners = _ROUND[rounding](np.asarray(boxes, dtype=np.float64).reshape(-1, 4)).astype(np.int64)
    for x1, y1, x2, y2 in corners.tolist():
        x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
        inside = image[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)]
        if not inside.size:
            continue
        rows, vertical = _reach(y1, y2, height)
        columns, horizontal = _reach(x1, x2, width)
        patch = image[rows, columns].astype(np.float64)
        contrast = (patch - patch.min()) / (float(inside.max()) - patch.min() + _CONTRAST_EPS)
        value = contrast * vertical[:, None] * horizontal
        noco[rows, columns] = (value - value.min()) / (value.max() - value.min() + _RESCALE_EPS)
    return noco


def _reach(start: int, stop: int, limit: int) -> tuple[slice, np.ndarray]:
    """Return the pixels of a patch along one axis, clipped to the image, and their Gaussian."""
    side = stop - start
    first, last = max(start - side, 0), min(stop + side, limit)
    gaussian = np.exp(-(np.linspace(-_REACH, _REACH, 3 * side) ** 2) / 2)
    return slice(first, last), gaussian[first - (start - side) : last - (start - side)]
