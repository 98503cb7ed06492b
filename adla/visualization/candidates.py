"""The candidate pairs of one object: which anchors the sparse assignment compares with it."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from adla.core import clean_boxes, pairwise_iou
from adla.core.pair_search import CandidatePairs

from .figure import BLUE, GREEN, ORANGE, add_box, new_grid, save_figure

_STATES = (
    ("#d8d8d8", "never looked at"),
    (ORANGE, "candidate that does not overlap"),
    (GREEN, "overlaps the object"),
)


def save_candidates(
    path: str | Path, anchors: Tensor, gt_boxes: Tensor, chosen: int, levels: dict[str, slice]
) -> Path:
    """Save one panel per level: the upper left corners of the anchors around one object.

    Args:
        path: PNG to write.
        anchors: Shape (N, 4), xyxy in pixels.
        gt_boxes: Shape (K, 4), xyxy in pixels.
        chosen: The object that is drawn.
        levels: Name of each level -> its rows of the anchors.

    Returns:
        The path.
    """
    anchors, gt_boxes = clean_boxes(anchors), clean_boxes(gt_boxes)
    pairs = CandidatePairs(gt_boxes, anchors)
    places = [b.places[b.queries + b.first == chosen] for b in pairs.blocks()]
    found = pairs.owners[torch.cat(places)]
    state = torch.zeros(len(anchors), dtype=torch.long)
    state[found] = 1
    state[pairwise_iou(gt_boxes[chosen : chosen + 1], anchors)[0] > 0] = 2

    figure, grid = new_grid(1, len(levels), 4.2, 4.4)
    gt = gt_boxes[chosen].numpy()
    for axes, (name, rows) in zip(grid[0], levels.items(), strict=True):
        _draw_level(axes, anchors[rows].numpy(), state[rows].numpy(), gt)
        counts = torch.bincount(state[rows], minlength=3)
        axes.set_ylabel("y of the upper left corner, px" if axes is grid[0][0] else "")
        axes.set_title(
            f"{name}: {counts[1:].sum():,} of {counts.sum():,} anchors\n"
            f"are compared, {counts[2]:,} overlap"
        )
    handles = [axes.scatter([], [], c=color, s=14, label=label) for color, label in _STATES]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return save_figure(figure, path)


def _draw_level(axes: Axes, anchors: np.ndarray, state: np.ndarray, gt: np.ndarray) -> None:
    """Draw the corners of the anchors of one level around an object (4,)."""
    reach = float((anchors[:, 2:] - anchors[:, :2]).max()) * 1.5
    low, high = gt[:2] - reach, gt[2:] + reach / 3
    shown = ((anchors[:, :2] > low) & (anchors[:, :2] < high)).all(axis=1)
    colors = np.array([color for color, _ in _STATES])[state[shown]]
    x, y = anchors[shown, :2].T
    axes.scatter(x, y, c=colors, s=9, linewidths=0)
    add_box(axes, gt, BLUE, linewidth=1.6)
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]), aspect="equal")
    axes.set(xlabel="x of the upper left corner, px")
