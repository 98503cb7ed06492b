"""A scene too large for its boxes to be seen: how many detections lie in each of its cells."""

from collections.abc import Sequence

import numpy as np
from numpy import ndarray
from PIL import Image, ImageDraw

from adla.evaluation.box_arrays import Detections

from .drawing import DARK, LIGHT, class_color, font, with_legend

#: Side of a cell and height of its number, in pixels of the picture.
CELL, _TEXT = 96, 22


def count_cells(centers: ndarray, side: float, columns: int, rows: int) -> ndarray:
    """Return how many points (N, 2), xy, lie in each square cell, (rows, columns)."""
    counts = np.zeros((rows, columns), np.int64)
    cells = (centers // side).astype(np.int64).clip(0, [columns - 1, rows - 1])
    np.add.at(counts, (cells[:, 1], cells[:, 0]), 1)
    return counts


def draw_overview(
    image: ndarray, factor: int, found: Detections, classes: Sequence[str]
) -> Image.Image:
    """Draw the number of detections of each cell on a shrunk scene, and a dot for each detection.

    Args:
        image: The shrunk scene, shape (H, W, 3), BGR, uint8.
        factor: Pixels of the scene on a side of one of its pixels.
        found: The detections, in pixels of the scene.
        classes: Class names, by label.
    """
    height, width = image.shape[:2]
    corners = found.corners / factor
    centers = (corners[:, :2] + corners[:, 2:]) / 2
    counts = count_cells(centers, CELL, -(-width // CELL), -(-height // CELL))
    picture = Image.fromarray(np.ascontiguousarray(image[..., ::-1]))
    draw = ImageDraw.Draw(picture)
    for (x, y), label in zip(centers.astype(int).tolist(), found.labels.tolist(), strict=True):
        draw.rectangle((x - 1, y - 1, x + 1, y + 1), fill=class_color(label), outline=None)
    for row, column in np.argwhere(counts).tolist():
        x, y = column * CELL, row * CELL
        right, bottom = min(x + CELL, width) - 1, min(y + CELL, height) - 1
        draw.rectangle((x, y, right, bottom), outline=LIGHT)
        draw.text(
            (x + 5, y + 3), f"{counts[row, column]:,}", LIGHT, font(_TEXT),
            stroke_width=2, stroke_fill=DARK,
        )  # fmt: skip
    remarks = [f"1:{factor}", f"numbers: detections in {CELL * factor:,} x {CELL * factor:,} px"]
    return with_legend(picture, found.labels, classes, remarks)
