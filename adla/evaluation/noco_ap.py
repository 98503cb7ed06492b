"""Average precision of target centers by normalized contrast."""

from collections.abc import Callable, Sequence

import numpy as np
from mmdet.evaluation.functional import average_precision

NOCO_THRESHOLDS = tuple(i / 10 for i in range(1, 10))


def noco_hits(
    centers: np.ndarray,
    scores: np.ndarray,
    boxes: np.ndarray,
    noco: np.ndarray,
    thresholds: Sequence[float] = NOCO_THRESHOLDS,
    to_pixel: Callable[[np.ndarray], np.ndarray] = np.rint,
) -> np.ndarray:
    """Say which detections of one image hit a target, at each threshold.

    Detections come by falling score, on a tie in their order. One is a hit if the map at its
    center is above the threshold and the center lies in a box (bounds included) that no better
    detection has hit. Of several such boxes it takes the smallest, on a tie the first, so that a
    box inside another can be hit. The map is read at the pixel of the center, or at the nearest
    one where that lies outside the image.

    Args:
        centers: Centers of detections (N, 2), x and y in pixels of the image.
        scores: Their scores (N,).
        boxes: Targets (M, 4), xyxy.
        noco: NoCo map (H, W) of the image.
        thresholds: T values that the map must exceed.
        to_pixel: ``np.rint`` rounds a center as the definition does, halves to the even number;
            ``np.floor`` takes the pixel that holds it.

    Returns:
        Hits (T, N), bool.
    """
    hits = np.zeros((len(thresholds), len(centers)), dtype=bool)
    if not len(centers) or not len(boxes):
        return hits
    size = np.array(noco.shape[::-1])
    pixel = np.clip(np.nan_to_num(to_pixel(centers)), 0, size - 1).astype(np.int64)
    value = noco[pixel[:, 1], pixel[:, 0]]
    by_area = np.argsort((boxes[:, 2:] - boxes[:, :2]).prod(-1), kind="stable")
    low, high = boxes[by_area, :2], boxes[by_area, 2:]
    inside = np.all((centers[:, None] >= low) & (centers[:, None] <= high), axis=-1)
    order = np.argsort(-scores, kind="stable")
    for hit, threshold in zip(hits, thresholds, strict=True):
        free = np.ones(len(boxes), dtype=bool)
        for i in order[(inside.any(1) & (value > threshold))[order]]:
            candidates = np.flatnonzero(inside[i] & free)
            if len(candidates):
                hit[i] = True
                free[candidates[0]] = False
    return hits


def mean_noco_ap(hits: np.ndarray, scores: np.ndarray, num_targets: int) -> float:
    """Return the mNoCoAP: the area under the precision-recall curve, averaged over thresholds.

    Args:
        hits: Hits (T, N) of the detections of all images, by threshold.
        scores: Their scores (N,); ties keep their order.
        num_targets: Number of targets in all images, those without any detection included.

    Returns:
        Value in [0, 1], or -1 if there is no target.
    """
    if not num_targets:
        return -1.0
    found = hits[:, np.argsort(-scores, kind="stable")].cumsum(1)
    recalls, precisions = found / num_targets, found / np.arange(1, len(scores) + 1)
    return float(average_precision(recalls, precisions).mean())
