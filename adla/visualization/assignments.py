"""Which anchors an assigner made positive, one color per ground truth."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy import ndarray

from .figure import CYCLE, add_box, new_grid, save_figure, show_image


def positives_per_gt(gt_inds: ndarray, num_gts: int) -> ndarray:
    """Count the positive anchors of each ground truth.

    Args:
        gt_inds: Shape (A,): -1 ignored, 0 negative, k + 1 positive for ground truth k.
        num_gts: Number of ground truths, K.

    Returns:
        Counts of shape (K,).

    Raises:
        ValueError: If an index points past the last ground truth.
    """
    if gt_inds.size and gt_inds.max() > num_gts:
        raise ValueError(f"gt_inds names ground truth {gt_inds.max()}, but there are {num_gts}")
    return np.bincount(gt_inds[gt_inds > 0] - 1, minlength=num_gts)


def crowded_window(
    gt_boxes: ndarray, image_size: tuple[int, int], side: float
) -> tuple[float, float, float, float]:
    """Return the square window (xyxy, pixels) around a ground truth that holds most of them.

    Args:
        gt_boxes: Shape (K, 4), xyxy in pixels; of equal windows the first one's counts.
        image_size: Width and height of the image in pixels.
        side: Side of the window in pixels; it is cut to the image.
    """
    width, height = image_size
    side = min(side, width, height)
    centers = (gt_boxes[:, :2] + gt_boxes[:, 2:]) / 2
    corners = np.clip(centers - side / 2, 0, np.array([width - side, height - side]))
    inside = (gt_boxes[None, :, :2] >= corners[:, None]) & (
        gt_boxes[None, :, 2:] <= corners[:, None] + side
    )
    best = corners[inside.all(axis=2).sum(axis=1).argmax()] if len(corners) else np.zeros(2)
    left, top = map(float, best)
    return left, top, left + side, top + side


def draw_assignment(
    axes: Axes,
    image: ndarray,
    gt_boxes: ndarray,
    anchors: ndarray,
    gt_inds: ndarray,
    title: str,
    window: tuple[float, float, float, float] | None = None,
) -> None:
    """Draw the positive anchors thin, the ground truths thick with their number of positives.

    Args:
        axes: Where to draw.
        image: Shape (H, W, 3), BGR, uint8.
        gt_boxes: Shape (K, 4), xyxy in pixels.
        anchors: Shape (A, 4), xyxy in pixels.
        gt_inds: Shape (A,): -1 ignored, 0 negative, k + 1 positive for ground truth k.
        title: Written above, followed by the mean and the number of ground truths without any.
        window: Part of the image to show, xyxy in pixels; all of it by default. The counts are of
            the whole image.
    """
    counts = positives_per_gt(gt_inds, len(gt_boxes))
    window = window or (0, 0, image.shape[1], image.shape[0])
    show_image(axes, image, window)
    for index, (gt_box, count) in enumerate(zip(gt_boxes, counts, strict=True)):
        color = CYCLE[index % len(CYCLE)]
        for anchor in anchors[gt_inds == index + 1]:
            add_box(axes, anchor, color, linewidth=0.7, alpha=0.55)
        add_box(axes, gt_box, "white", linewidth=2.6)
        add_box(axes, gt_box, color, linewidth=1.4)
        axes.annotate(
            str(count),
            (gt_box[2], gt_box[1]),
            (2, 2),
            textcoords="offset points",
            color="white" if count else "#ff8080",
            fontsize=9,
            fontweight="bold",
            path_effects=[withStroke(linewidth=2, foreground="black")],
            annotation_clip=True,
            clip_on=True,
        )
    mean, without = counts.mean() if len(counts) else 0.0, int((counts == 0).sum())
    summary = f"{mean:.1f} positives per object, {without} of {len(counts)} without any"
    axes.set_title(f"{title}\n{summary}", fontsize=9, loc="left")


def save_assignments(
    path: str | Path,
    image: ndarray,
    gt_boxes: ndarray,
    panels: dict[str, tuple[ndarray, ndarray]],
    window: tuple[float, float, float, float] | None = None,
) -> Path:
    """Save one panel per assigner, side by side.

    Args:
        path: PNG to write.
        image: Shape (H, W, 3), BGR, uint8.
        gt_boxes: Shape (K, 4), xyxy in pixels.
        panels: Assigner name -> its anchors (A, 4) and `gt_inds` (A,), see `draw_assignment`.
        window: Part of the image to show, xyxy in pixels; all of it by default.
    """
    figure, grid = new_grid(1, len(panels), 4.8, 5.35)
    for axes, (name, (anchors, gt_inds)) in zip(grid[0], panels.items(), strict=True):
        draw_assignment(axes, image, gt_boxes, anchors, gt_inds, name, window)
    figure.supxlabel(
        "thick: object with its number of positive anchors; thin, same color: those anchors",
        fontsize=8,
    )
    return save_figure(figure, path)
