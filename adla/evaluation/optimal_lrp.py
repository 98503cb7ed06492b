"""Optimal localization-recall-precision error of the detections of one class."""

from typing import NamedTuple

import numpy as np


class OptimalLRP(NamedTuple):
    """The error and its parts in [0, 1], lower is better; nan where a part is not defined."""

    error: float
    localization: float  # mean of 1 - IoU of the hits
    false_positive: float  # 1 - precision
    false_negative: float  # 1 - recall


def optimal_lrp(
    scores: np.ndarray,
    ious: np.ndarray,
    ignored: np.ndarray,
    num_truths: int,
    iou_thr: float = 0.5,
) -> OptimalLRP:
    """Return the lowest LRP error over all score thresholds, and its parts there.

    With the detections down to some score, LRP = (sum over hits of (1 - IoU) / (1 - iou_thr) + FP
    + FN) / (TP + FP + FN) (Oksuz et al., "Localization Recall Precision (LRP)", ECCV 2018). As in
    the evaluator of AI-TOD, each detection in the order of the scores ends a candidate.

    Args:
        scores: (N,) of the detections of all images.
        ious: (N,), IoU with the ground truth each of them found; 0 where it found none.
        ignored: (N,), detections that are neither hit nor false alarm.
        num_truths: Number of ground truths in all images.
        iou_thr: From which IoU on a detection is a hit.
    """
    if not num_truths:
        return OptimalLRP(*[np.nan] * 4)
    order = np.argsort(-scores, kind="stable")
    counted, ious = ~ignored[order], ious[order]
    hits = np.cumsum(counted & (ious > 0))
    if not len(hits) or not hits[-1]:
        return OptimalLRP(1.0, np.nan, np.nan, 1.0)
    alarms = np.cumsum(counted & (ious == 0))
    distance = hits - np.cumsum(ious * counted)
    errors = (distance / (1 - iou_thr) + alarms + num_truths - hits) / (alarms + num_truths)
    best = errors.argmin()
    with np.errstate(invalid="ignore"):  # the best may lie before the first hit
        return OptimalLRP(
            float(errors[best]),
            float(distance[best] / hits[best]),
            float(alarms[best] / (hits[best] + alarms[best])),
            float(1 - hits[best] / num_truths),
        )
