"""The best detections, enlarged: objects of a few pixels cannot be seen otherwise."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import ndarray

from adla.evaluation.box_arrays import Detections
from adla.visualization.figure import VERMILION, add_box, new_grid, save_figure, show_image

from .image_readers import Picture, RowBuffer
from .raster_reader import Raster

#: Number of crops in a picture and in one line of it.
CROPS, PER_LINE = 20, 5
#: A crop shows so many times the longest side of its object, and so many pixels at least.
CONTEXT, SMALLEST = 4, 40


@dataclass
class Crop:
    """A detection and what is around it.

    Attributes:
        score: In [0, 1].
        title: Written above.
        window: What is shown, (4,), xyxy in whole pixels of the image.
        boxes: All detections that reach into the window, (N, 4), xyxy in pixels of the image.
        pixels: Shape (H, W, 3), BGR, uint8.
    """

    score: float
    title: str
    window: ndarray
    boxes: ndarray
    pixels: ndarray | None = None


class BestCrops:
    """Collects the detections with the highest scores over many images and draws them.

    Args:
        classes: Class names, by label.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        self._crops: list[Crop] = []

    def add(self, found: Detections, name: str, opener: Callable[[], Picture | Raster]) -> None:
        """Take in the detections of an image, by descending score.

        Args:
            found: The detections.
            name: Of the image.
            opener: Opens the image; called only if one of its detections is among the best so far.
        """
        lowest = self._crops[-1].score if len(self._crops) == CROPS else -1.0
        count = min(CROPS, int((found.scores > lowest).sum()))
        if not count:
            return
        with closing(opener()) as source:
            crops = [self._crop(found, index, name, source) for index in range(count)]
            best = sorted(self._crops + crops, key=lambda crop: -crop.score)[:CROPS]
            rows = RowBuffer(source)
            for crop in sorted(best, key=lambda crop: crop.window[1]):
                if crop.pixels is None:
                    x0, y0, x1, y1 = crop.window
                    crop.pixels = rows.read(y0, y1)[0][:, x0:x1].copy()
        self._crops = best

    def _crop(self, found: Detections, index: int, name: str, source: Picture | Raster) -> Crop:
        """Place the window of a detection."""
        corners = found.corners
        box, size = corners[index], np.array([source.width, source.height])
        side = max(SMALLEST, int(np.ceil(CONTEXT * (box[2:] - box[:2]).max())))
        start = ((box[:2] + box[2:] - side) / 2).round().astype(int)
        start = start.clip(0, np.maximum(size - side, 0))
        window = np.concatenate([start, np.minimum(start + side, size)])
        inside = (corners[:, :2] < window[2:]) & (corners[:, 2:] > window[:2])
        place = "{:.0f}, {:.0f}".format(*box[:2])
        title = f"{self._classes[found.labels[index]]} {found.scores[index]:.2f}\n{name} ({place})"
        return Crop(float(found.scores[index]), title, window, corners[inside.all(axis=1)])

    def save(self, path: Path) -> bool:
        """Save the crops and say whether there are any; without any, no file is written."""
        if not self._crops:
            return False
        lines = -(-len(self._crops) // PER_LINE)
        figure, grid = new_grid(lines, min(PER_LINE, len(self._crops)), 2.4, 2.8)
        for axes in grid.flat[len(self._crops) :]:
            axes.set_axis_off()
        for axes, crop in zip(grid.flat, self._crops, strict=False):
            start = np.tile(crop.window[:2], 2)
            assert crop.pixels is not None  # add() reads them
            show_image(axes, crop.pixels, tuple(crop.window - start))
            for box in crop.boxes - start:
                add_box(axes, box, VERMILION, linewidth=1.2)
            axes.set_title(crop.title, fontsize=7)
        save_figure(figure, path)
        return True
