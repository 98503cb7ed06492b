"""Precision and recall of a detector at one score threshold."""

from typing import NamedTuple

import numpy as np


class OperatingPoint(NamedTuple):
    """Precision, recall and F1 in [0, 1] of the detections with at least this score.

    Without any target all are -1; without any detection precision, recall and F1 are 0 and the
    score of the best F1 is -1.
    """

    precision: float
    recall: float
    f1: float
    score: float


def at_score(
    scores: np.ndarray, hits: np.ndarray, num_targets: int, score: float
) -> OperatingPoint:
    """Return the operating point of the detections with at least ``score``.

    Args:
        scores: Scores (N,) of the detections of all images.
        hits: Whether each of them matches a target of its own (N,).
        num_targets: Number of targets in all images.
        score: The threshold.
    """
    if not num_targets:
        return OperatingPoint(-1.0, -1.0, -1.0, score)
    kept = hits[scores >= score]
    found = int(kept.sum())
    return OperatingPoint(
        found / max(len(kept), 1), found / num_targets, 2 * found / (len(kept) + num_targets), score
    )


def best_f1(scores: np.ndarray, hits: np.ndarray, num_targets: int) -> OperatingPoint:
    """Return the operating point with the highest F1, on a tie the one with the higher score.

    Detections of the same score go together, so that their order does not matter; the arguments
    are those of :func:`at_score`.
    """
    if not num_targets or not len(scores):
        return at_score(scores, hits, num_targets, -1.0)
    order = np.argsort(-scores, kind="stable")
    ranked, found = scores[order], hits[order].cumsum()
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of each score
    f1 = 2 * found[last] / (last + 1 + num_targets)
    return at_score(scores, hits, num_targets, float(ranked[last[f1.argmax()]]))
