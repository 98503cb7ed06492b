"""Detections against ground truth: what was found, what was missed, what is not there."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy import ndarray

from adla.evaluation.box_arrays import Detections, box_overlaps
from adla.evaluation.operating_point import best_f1

from .figure import SKY, VERMILION, YELLOW, add_box, new_grid, save_figure, show_image

_STYLES: dict[str, dict[str, Any]] = {
    "found (TP)": {"color": SKY, "linestyle": "-"},
    "false alarm (FP)": {"color": VERMILION, "linestyle": "-"},
    "missed (FN)": {"color": YELLOW, "linestyle": (0, (2, 1))},
}


@dataclass(frozen=True)
class Sample:
    """The detections in one image and its ground truth.

    Attributes:
        found: The N detections.
        gt_boxes: Shape (K, 4), xyxy in pixels.
        gt_labels: Shape (K,), integers.
    """

    found: Detections
    gt_boxes: ndarray
    gt_labels: ndarray

    def from_score(self, score: float) -> "Sample":
        """Return the sample without the detections of lower scores."""
        return replace(self, found=self.found.select(self.found.scores >= score))

    def class_iou(self) -> ndarray:
        """Return the IoU (N, K) of detections and ground truths; 0 where the classes differ."""
        overlaps = box_overlaps(self.found.corners[:, None], self.gt_boxes[None].astype(float))
        return overlaps * (self.found.labels[:, None] == self.gt_labels[None])


def match_detections(sample: Sample, iou_thr: float = 0.5) -> tuple[ndarray, ndarray]:
    """Match greedily, by descending score, each detection to the free ground truth it fits best.

    Only ground truths of the same label count, and only from `iou_thr` on, as in COCO.

    Returns:
        Which detections are true positives, (N,), and which ground truths were found, (K,).
    """
    overlaps = sample.class_iou()
    hit, found = np.zeros(len(sample.found), bool), np.zeros(len(sample.gt_boxes), bool)
    for index in np.argsort(-sample.found.scores, kind="stable"):
        free = np.where(found, 0, overlaps[index])
        if len(free) and free.max() >= iou_thr:
            hit[index] = found[free.argmax()] = True
    return hit, found


def best_f1_score(samples: list[Sample], iou_thr: float = 0.5) -> tuple[float, float]:
    """Return the score threshold with the highest F1 over a set of images, and that F1."""
    hits = np.concatenate([match_detections(sample, iou_thr)[0] for sample in samples])
    scores = np.concatenate([sample.found.scores for sample in samples])
    best = best_f1(scores, hits, sum(len(sample.gt_boxes) for sample in samples))
    return best.score, best.f1


def draw_detections(
    axes: Axes,
    image: ndarray,
    sample: Sample,
    title: str,
    score_thr: float = 0.3,
    window: tuple[float, float, float, float] | None = None,
) -> None:
    """Draw the detections from `score_thr` on and the missed ground truths of one image.

    Args:
        axes: Where to draw.
        image: Shape (H, W, 3), BGR, uint8.
        sample: Detections and ground truth of the image.
        title: Written above, followed by the counts.
        score_thr: Detections with a lower score count as not made.
        window: Part of the image to show, xyxy in pixels; all of it by default. The counts are of
            what has its center in the window.
    """
    window = window or (0, 0, image.shape[1], image.shape[0])
    shown = sample.from_score(score_thr)
    hit, found = match_detections(shown)
    corners = shown.found.corners
    fates = (corners[hit], corners[~hit], shown.gt_boxes[~found])
    groups = [boxes[_centers_inside(boxes, window)] for boxes in fates]
    show_image(axes, image, window)
    for boxes, style in zip(groups, _STYLES.values(), strict=True):
        for box in boxes:
            add_box(axes, box, style["color"], linestyle=style["linestyle"], linewidth=1.4)
    counts = "   ".join(
        f"{len(boxes)} {name}" for boxes, name in zip(groups, ("TP", "FP", "FN"), strict=True)
    )
    axes.set_title(f"{title}\n{counts}", fontsize=9, loc="left")


def _centers_inside(boxes: ndarray, window: tuple[float, float, float, float]) -> ndarray:
    """Say which boxes (N, 4) have their center in a window, xyxy in pixels."""
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    return ((centers >= window[:2]) & (centers < window[2:])).all(axis=1)


def save_detections(
    path: str | Path,
    images: list[ndarray],
    columns: dict[str, tuple[list[Sample], float]],
    windows: list[tuple[float, float, float, float]] | None = None,
) -> Path:
    """Save a grid: one row per image, one column per detector.

    Args:
        path: PNG to write.
        images: Images of shape (H, W, 3), BGR, uint8.
        columns: Detector name -> its detections in each image, and its score threshold.
        windows: Part of each image to show, xyxy in pixels; all of it by default.

    Raises:
        ValueError: If a column has not one entry per image.
    """
    for name, (samples, _) in columns.items():
        if len(samples) != len(images):
            raise ValueError(f"{name} has {len(samples)} samples for {len(images)} images")
    figure, grid = new_grid(len(images), len(columns), 4.6, 4.9)
    for row, image in enumerate(images):
        for axes, (name, (samples, threshold)) in zip(grid[row], columns.items(), strict=True):
            window = windows[row] if windows else None
            draw_detections(axes, image, samples[row], name, threshold, window)
    handles = [
        Line2D([], [], color=style["color"], linestyle=style["linestyle"], linewidth=2, label=name)
        for name, style in _STYLES.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return save_figure(figure, path)
