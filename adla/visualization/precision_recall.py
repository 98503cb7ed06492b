"""Precision over recall, from plain arrays."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .figure import CYCLE, new_grid, save_figure


def save_precision_recall(path: str | Path, panels: Mapping[str, Mapping[str, np.ndarray]]) -> Path:
    """Save one panel per group of curves.

    Args:
        path: PNG to write.
        panels: Title -> name of a curve -> its precisions (R,) in [0, 1] at R even recalls.
    """
    figure, grid = new_grid(1, len(panels), 3.6, 3.2)
    for axes, (title, curves) in zip(grid[0], panels.items(), strict=True):
        for index, (name, precision) in enumerate(curves.items()):
            recall = np.linspace(0, 1, len(precision))
            line = "-" if index < len(CYCLE) else "--"
            axes.plot(recall, precision, line, color=CYCLE[index % len(CYCLE)], label=name, lw=1.4)
        axes.set_title(title, fontsize=10, loc="left")
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        if curves:
            axes.legend(frameon=False, fontsize=7)
    return save_figure(figure, path)
