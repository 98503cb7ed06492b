"""An image with the boxes of its detections, enlarged if it is small."""

from collections.abc import Sequence

import numpy as np
from numpy import ndarray
from PIL import Image, ImageDraw

from adla.evaluation.box_arrays import Detections

from .drawing import DARK, class_color, font, is_dashed, outline, with_legend

#: A small image is enlarged by a whole number, up to this longer side and this factor.
ENLARGED_SIDE, MAX_FACTOR = 1600, 4
_TEXT = 12


def enlargement(width: int, height: int) -> int:
    """Return by how much an image is enlarged."""
    return max(1, min(MAX_FACTOR, ENLARGED_SIDE // max(width, height)))


def annotate(
    image: ndarray, found: Detections, classes: Sequence[str], scores: bool = False
) -> Image.Image:
    """Draw detections on an image.

    The outlines are thin and a gap away from the object, and the classes are named below the image,
    so that nothing covers an object of some pixels. A score stands where it covers no
    box; where there is no such place it is left out, and the legend says how many were.

    Args:
        image: Shape (H, W, 3), BGR, uint8.
        found: The detections.
        classes: Class names, by label.
        scores: Whether to write the scores.
    """
    height, width = image.shape[:2]
    factor = enlargement(width, height)
    picture = Image.fromarray(np.ascontiguousarray(image[..., ::-1]))
    picture = picture.resize((factor * width, factor * height), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    line = 2 if factor > 2 else 1
    frames = outer_pixels(found.corners * factor, gap=2 if factor > 1 else 1)
    order = np.argsort(found.scores, kind="stable")  # the best on top
    for index in order:
        label = int(found.labels[index])
        outline(draw, frames[index].tolist(), class_color(label), is_dashed(label), line)
    taken = frames + np.array([-line, -line, line + 1, line + 1])  # last plus one
    left_out = _write_scores(draw, taken, found, picture.size) if scores else 0
    remarks = [f"x{factor}"] * (factor > 1)
    remarks += [f"{left_out} scores without room"] * (left_out > 0)
    return with_legend(picture, found.labels, classes, remarks)


def outer_pixels(corners: ndarray, gap: int) -> ndarray:
    """Return the pixels that boxes (N, 4), xyxy, begin and end with, a gap of pixels around them.

    Returns:
        First and last column and row of each outline, xyxy, int64.
    """
    first = np.floor(corners[:, :2]) - gap - 1
    last = np.ceil(corners[:, 2:]) + gap
    return np.concatenate([first, last], axis=1).astype(np.int64)


def _write_scores(
    draw: ImageDraw.ImageDraw, taken: ndarray, found: Detections, size: tuple[int, int]
) -> int:
    """Write scores, the best first, where they cover nothing; return how many found no room."""
    left_out = 0
    for index in np.argsort(-found.scores, kind="stable"):
        text = f"{found.scores[index]:.2f}".removeprefix("0")
        width, height = int(font(_TEXT).getlength(text)) + 3, _TEXT + 1
        x0, y0, x1, y1 = taken[index]
        corners = [(x0, y0 - height), (x0, y1), (x1, y0), (x0 - width, y0),
                   (x1 - width, y0 - height), (x1 - width, y1)]  # fmt: skip
        places = np.array([(x, y, x + width, y + height) for x, y in corners])
        inside = (places[:, :2] >= 0).all(axis=1) & (places[:, 2:] <= size).all(axis=1)
        covers = (places[:, None, :2] < taken[None, :, 2:]) & (
            places[:, None, 2:] > taken[None, :, :2]
        )
        blocked = np.asarray(covers.all(axis=2)).any(axis=1)
        free = np.flatnonzero(inside & ~blocked)
        if not len(free):
            left_out += 1
            continue
        place = places[free[0]]
        color = class_color(int(found.labels[index]))
        middle = (int(place[0]) + 1, (int(place[1]) + int(place[3])) // 2)
        draw.text(middle, text, color, font(_TEXT), anchor="lm", stroke_width=1, stroke_fill=DARK)
        taken = np.concatenate([taken, place[None]])
    return left_out
