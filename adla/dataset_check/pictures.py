"""Pictures of a data set: its smallest objects enlarged, and its sizes."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy import ndarray

from adla.core import SIZE_BINS
from adla.datasets.image_reading import read_bgr
from adla.visualization.figure import (
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    VERMILION,
    YELLOW,
    add_box,
    new_grid,
    save_figure,
    show_image,
)

from .inspection import Inspection
from .object_sizes import Sizes, box_sizes

#: A window is at least so many pixels wide, and at least so many times the object.
_LEAST_WINDOW, _TIMES_OBJECT = 24, 4


def save_smallest(
    path: str | Path, inspections: Sequence[Inspection], count: int = 24, columns: int = 6
) -> int:
    """Save the smallest objects of some datasets, each enlarged, with its box.

    Args:
        path: PNG to write.
        inspections: The datasets.
        count: How many objects to show at most.
        columns: How many in a row.

    Returns:
        How many are shown; without any, nothing is written. Images that cannot be read are left
        out.
    """
    objects = []
    for one in inspections:
        chosen = np.flatnonzero(one.chosen)
        sizes = box_sizes(one.records.boxes[chosen])
        for rank in np.argsort(sizes, kind="stable")[: 2 * count]:
            name = one.records.file_names[one.records.ann_images[chosen[rank]]]
            box = one.records.boxes[chosen[rank]]
            objects.append((sizes[rank], one.source.image_dir / name, box))
    objects.sort(key=lambda entry: entry[0])
    shown: list[tuple] = []
    for size, file, box in objects:
        if len(shown) == count:
            break
        with contextlib.suppress(ValueError):
            shown.append((size, file, box, read_bgr(file)))
    if not shown:
        return 0
    figure, grid = new_grid(-(-len(shown) // columns), columns, 2.0, 2.3)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, entry in zip(grid.flat, shown, strict=False):
        _draw_object(axes, *entry)
    save_figure(figure, path)
    return len(shown)


def _draw_object(axes: Axes, size: float, file: Path, box: ndarray, image: ndarray) -> None:
    """Draw the surroundings of one box (4,), xywh in pixels."""
    center = box[:2] + box[2:] / 2
    half = max(_LEAST_WINDOW, _TIMES_OBJECT * box[2:].max()) / 2
    corners = np.concatenate([center - half, center + half])
    show_image(axes, image, tuple(corners))
    add_box(axes, np.concatenate([box[:2], box[:2] + box[2:]]), YELLOW, linewidth=1.2)
    name = file.name if len(file.name) < 24 else f"...{file.name[-20:]}"
    axes.set_title(f"{name}\n{size:.1f} px: {box[2]:.3g} x {box[3]:.3g}", fontsize=7, loc="left")


def save_histogram(path: str | Path, panels: dict[str, tuple[ndarray, Sizes]]) -> Path:
    """Save the distribution of object sizes, colored by the bins of AI-TOD.

    Args:
        path: PNG to write.
        panels: Title -> sizes sqrt(w * h) in pixels, (M,), M at least 1, and their summary.
    """
    figure, grid = new_grid(1, len(panels), 4.8, 3.2)
    top = max(float(sizes.max()) for sizes, _ in panels.values())
    edges = np.arange(0, np.ceil(top) + 2) if top < 96 else np.linspace(0, top, 97)
    for axes, (title, (sizes, summary)) in zip(grid[0], panels.items(), strict=True):
        for (name, bounds), color in zip(
            SIZE_BINS.items(), (VERMILION, ORANGE, GREEN, BLUE), strict=True
        ):
            chosen = sizes[(sizes**2 > bounds[0]) & (sizes**2 <= bounds[1])]
            label = f"{name}: {summary.bins[name] / summary.count:.1%}"
            axes.hist(chosen, edges, histtype="stepfilled", color=color, label=label)
        axes.axvline(summary.scale, color=PINK, linewidth=1.6, label=f"S = {summary.scale:.2f}")
        axes.set(title=title, xlabel="size sqrt(w * h), px", ylabel="objects", xlim=(0, edges[-1]))
        axes.set_axisbelow(True)
        axes.legend(fontsize=8)
    return save_figure(figure, path)
