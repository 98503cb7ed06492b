"""What all pictures share: colors for every eye, type, enlarged pixels, saving."""

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy import ndarray

from adla.atomic_files import atomic_path

#: Okabe and Ito's palette, which color-blind readers can tell apart.
BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, YELLOW = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442",
)  # fmt: skip
#: The order in which ground truths or runs get their colors.
CYCLE: tuple[str, ...] = (SKY, ORANGE, YELLOW, PINK, GREEN, VERMILION, BLUE)

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "figure.dpi": 100,
}


def new_grid(rows: int, columns: int, width: float, height: float) -> tuple[Figure, ndarray]:
    """Return a figure and its axes of shape (rows, columns), each `width` x `height` inches."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(columns * width, rows * height), layout="compressed")
        FigureCanvasAgg(figure)
        return figure, figure.subplots(rows, columns, squeeze=False)


def show_image(axes: Axes, image: ndarray, window: tuple[float, float, float, float]) -> None:
    """Show a window (xyxy, pixels) of an image (H, W, 3), BGR, uint8, without smoothing.

    Data coordinates are continuous: pixel (i, j) covers [j, j + 1] x [i, i + 1], as boxes do.
    """
    height, width = image.shape[:2]
    axes.imshow(image[..., ::-1], extent=(0, width, height, 0), interpolation="nearest")
    axes.set(xlim=(window[0], window[2]), ylim=(window[3], window[1]), xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def add_box(axes: Axes, box: ndarray, color: str, **style: Any) -> None:
    """Draw the outline of a box (4,), xyxy in pixels."""
    x0, y0, x1, y1 = (float(value) for value in box)
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=color, **style))


def save_figure(figure: Figure, path: str | Path, dpi: int = 150) -> Path:
    """Save a figure, making its folder, and return the path."""
    path = Path(path)
    with atomic_path(path) as draft:
        figure.savefig(draft, format=path.suffix[1:], dpi=dpi, facecolor="white")
    return path
