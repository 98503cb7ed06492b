"""AP and AR of the AI-TOD protocol from pycocotools' own precision and recall arrays."""

from collections.abc import Mapping, Sequence

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from adla.core.boxes import SIZE_BINS


class TinyCocoEval(COCOeval):
    """COCO box evaluation with the size bins and detection limits of AI-TOD.

    Every AP, and every AR of a size bin, is taken at the largest limit; pycocotools' own
    ``summarize`` takes its AP at 100 detections per image whatever the limits are. A bin bound
    belongs to both its bins. As in COCO, the size of a ground truth is its annotation's ``area``,
    and a number without any ground truth behind it is -1.

    Args:
        coco_gt: Ground truth; annotation ids must not be 0.
        coco_dt: Detections.
        size_bins: Name -> (lowest, highest) area in square pixels, both inclusive.
        max_dets: Ascending numbers of detections per image and class, best scores first.
    """

    def __init__(
        self,
        coco_gt: COCO,
        coco_dt: COCO,
        size_bins: Mapping[str, tuple[float, float]] = SIZE_BINS,
        max_dets: Sequence[int] = (100, 300, 1500),
    ) -> None:
        super().__init__(coco_gt, coco_dt, "bbox")
        self.params.areaRng = [[0, 1e10], *map(list, size_bins.values())]
        self.params.areaRngLbl = ["all", *size_bins]
        self.params.maxDets = list(max_dets)

    def average_precision(
        self, iou_thr: float | None = None, area: str = "all", category: int | None = None
    ) -> float:
        """Return the AP in [0, 1], or -1 without ground truth.

        Args:
            iou_thr: One IoU threshold; None averages over all.
            area: Name of a size bin, or ``'all'``.
            category: Index of a class in ``params.catIds``; None averages over all.
        """
        precision = self.eval["precision"][:, :, :, self.params.areaRngLbl.index(area), -1]
        if iou_thr is not None:
            precision = precision[np.isclose(self.params.iouThrs, iou_thr)]
        if category is not None:
            precision = precision[:, :, category]
        return _mean_of_valid(precision)

    def average_recall(self, area: str = "all", max_det: int | None = None) -> float:
        """Return the AR in [0, 1] over all IoU thresholds, or -1 without ground truth."""
        limits = self.params.maxDets
        limit = limits.index(limits[-1] if max_det is None else max_det)
        recall = self.eval["recall"][:, :, self.params.areaRngLbl.index(area), limit]
        return _mean_of_valid(recall)

    def summarize(self) -> dict[str, float]:
        """Return every number of the protocol by name; nothing is printed."""
        bins = self.params.areaRngLbl[1:]
        stats = {
            "AP": self.average_precision(),
            "AP50": self.average_precision(0.5),
            "AP75": self.average_precision(0.75),
        }
        stats |= {f"AP_{name}": self.average_precision(area=name) for name in bins}
        stats |= {f"AR@{n}": self.average_recall(max_det=n) for n in self.params.maxDets}
        stats |= {f"AR_{name}": self.average_recall(area=name) for name in bins}
        self.stats = stats
        return stats


def _mean_of_valid(values: np.ndarray) -> float:
    """Average the entries that have ground truth behind them (those that are not -1)."""
    valid = values[values > -1]
    return float(valid.mean()) if valid.size else -1.0
