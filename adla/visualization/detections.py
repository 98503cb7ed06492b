"""Detections against ground truth: what was found, what was missed, what is not there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy import ndarray

from .figure import SKY, VERMILION, YELLOW, add_box, new_grid, save_figure, show_image

_STYLES = {
    "found (TP)": {"color": SKY, "linestyle": "-"},
    "false alarm (FP)": {"color": VERMILION, "linestyle": "-"},
    "missed (FN)": {"color": YELLOW, "linestyle": (0, (2, 1))},
}


@dataclass
class Detections:
    """The detections in one image and its ground truth.

    Attributes:
        boxes: Shape (N, 4), xyxy in pixels.
        scores: Shape (N,), in [0, 1].
        labels: Shape (N,), integers.
        gt_boxes: Shape (K, 4), xyxy in pixels.
        gt_labels: Shape (K,), integers.
    """

    boxes: ndarray
    scores: ndarray
    labels: ndarray
    gt_boxes: ndarray
    gt_labels: ndarray


def pairwise_iou(boxes1: ndarray, boxes2: ndarray) -> ndarray:
    """Return the IoU, shape (N, K), of boxes (N, 4) and (K, 4), xyxy in pixels."""
    lower = np.maximum(boxes1[:, None, :2], boxes2[None, :, :2])
    upper = np.minimum(boxes1[:, None, 2:], boxes2[None, :, 2:])
    overlap = np.clip(upper - lower, 0, None).prod(axis=2)
    area1, area2 = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (boxes1, boxes2))
    union = area1[:, None] + area2[None] - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def match_detections(sample: Detections, iou_thr: float = 0.5) -> tuple[ndarray, ndarray]:
    """Match greedily, by descending score, each detection to the free ground truth it fits best.

    Only ground truths of the same label count, and only from `iou_thr` on, as in COCO.

    Returns:
        Which detections are true positives, (N,), and which ground truths were found, (K,).
    """
    overlaps = pairwise_iou(sample.boxes.astype(float), sample.gt_boxes.astype(float))
    overlaps[sample.labels[:, None] != sample.gt_labels[None]] = 0
    hit, found = np.zeros(len(sample.boxes), bool), np.zeros(len(sample.gt_boxes), bool)
    for index in np.argsort(-sample.scores, kind="stable"):
        free = np.where(found, 0, overlaps[index])
        if len(free) and free.max() >= iou_thr:
            hit[index] = found[free.argmax()] = True
    return hit, found


def best_f1_score(samples: list[Detections], iou_thr: float = 0.5) -> tuple[float, float]:
    """Return the score threshold with the highest F1 over a set of images, and that F1.

    Without a single true positive the answer is (1.0, 0.0).
    """
    hits = np.concatenate([match_detections(sample, iou_thr)[0] for sample in samples])
    scores = np.concatenate([sample.scores for sample in samples])
    num_gts = sum(len(sample.gt_boxes) for sample in samples)
    order = np.argsort(-scores, kind="stable")
    true_positives = hits[order].cumsum()
    if not hits.any():
        return 1.0, 0.0
    f1 = 2 * true_positives / (np.arange(1, len(order) + 1) + num_gts)
    best = int(f1.argmax())
    return float(scores[order][best]), float(f1[best])


def draw_detections(
    axes: Axes,
    image: ndarray,
    sample: Detections,
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
            what has its centre in the window.
    """
    window = window or (0, 0, image.shape[1], image.shape[0])
    strong = sample.scores >= score_thr
    shown = Detections(
        sample.boxes[strong], sample.scores[strong], sample.labels[strong],
        sample.gt_boxes, sample.gt_labels,
    )  # fmt: skip
    hit, found = match_detections(shown)
    groups = (shown.boxes[hit], shown.boxes[~hit], shown.gt_boxes[~found])
    groups = [boxes[_centers_inside(boxes, window)] for boxes in groups]
    show_image(axes, image, window)
    for boxes, style in zip(groups, _STYLES.values(), strict=True):
        for box in boxes:
            add_box(axes, box, style["color"], linestyle=style["linestyle"], linewidth=1.4)
    counts = "   ".join(
        f"{len(boxes)} {name}" for boxes, name in zip(groups, ("TP", "FP", "FN"), strict=True)
    )
    axes.set_title(f"{title}\n{counts}", fontsize=9, loc="left")


def _centers_inside(boxes: ndarray, window: tuple[float, float, float, float]) -> ndarray:
    """Say which boxes (N, 4) have their centre in a window, xyxy in pixels."""
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    return ((centers >= window[:2]) & (centers < window[2:])).all(axis=1)


def save_detections(
    path: str | Path,
    images: list[ndarray],
    columns: dict[str, tuple[list[Detections], float]],
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
