"""Curves of several trainings from the scalars that mmengine writes."""

from pathlib import Path

import numpy as np

from adla.evaluation.training_log import select_records

from .figure import CYCLE, new_grid, save_figure

#: What is drawn if nothing else is asked for: scalar -> title of its panel.
DEFAULT_PANELS: dict[str, str] = {
    "loss": "training loss",
    "tiny/AP": "AP on the validation set",
    "pos_per_gt": "positive anchors per object",
    "pos_per_gt_vt": "the same, objects below 8 px",
}


def select_series(records: list[dict[str, float]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and values, each of shape (P,), of one scalar; a repeated step counts once."""
    found = select_records(records, name)
    return np.array([*found]), np.array([record[name] for record in found.values()], float)


def save_curves(
    path: str | Path,
    runs: dict[str, list[dict[str, float]]],
    panels: dict[str, str] | None = None,
) -> Path:
    """Save one panel per scalar with one line per run.

    Args:
        path: PNG to write.
        runs: Run name -> its records, see `load_scalars`.
        panels: Scalar -> title; `DEFAULT_PANELS` by default. A scalar that no run has is left out.

    Raises:
        ValueError: If no run has any of the scalars.
    """
    panels = DEFAULT_PANELS if panels is None else panels
    present = {
        name: title
        for name, title in panels.items()
        if any(name in record for records in runs.values() for record in records)
    }
    if not present:
        raise ValueError(f"none of {', '.join(panels)} in the records of {', '.join(runs)}")
    figure, grid = new_grid(1, len(present), 3.4, 2.9)
    for axes, (name, title) in zip(grid[0], present.items(), strict=True):
        for (run, records), color in zip(runs.items(), CYCLE * len(runs), strict=False):
            steps, values = select_series(records, name)
            marker = "o" if len(steps) < 30 else None
            axes.plot(steps, values, color=color, label=run, linewidth=1.6, marker=marker, ms=3.5)
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xlabel("epoch" if "/" in name else "iteration")
        axes.set_ylim(bottom=0)
    grid[0, 0].legend(frameon=False)
    return save_figure(figure, path)
