"""The numbers of the AI-TOD protocol for the detections of a whole data set."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from adla.size_bins import SIZE_BINS

from .box_arrays import Detections, GroundTruth, box_overlaps, to_corners
from .coco_engines import ALL_AREAS, Curves, Matches, load_engine
from .optimal_lrp import OptimalLRP, optimal_lrp

#: The IoU thresholds that AP and AR are averaged over.
IOU_THRS: tuple[float, ...] = tuple(np.linspace(0.5, 0.95, 10).tolist())
#: An IoU threshold with an AP of its own that no mean includes.
LOOSE_IOU_THR = 0.25
#: The IoU from which on a detection is a hit for oLRP.
LRP_IOU_THR = 0.5


class TinyEvaluation:
    """Average precision, average recall and optimal LRP with the size bins and limits of AI-TOD.

    Every AP, oLRP, and every AR of a size bin is taken at the largest limit; pycocotools' own
    ``summarize`` takes its AP at 100 detections per image whatever the limits are. A bin bound
    belongs to both its bins. A number without any ground truth behind it is -1.

    Args:
        truth: The annotated boxes.
        detections: The detected boxes.
        size_bins: Name -> (lowest, highest) area in square pixels, both inclusive.
        max_dets: Ascending numbers of detections per image and class, best scores first.
        iou_thrs: The thresholds of AP and AR.
        engine: ``'hotcoco'`` or ``'pycocotools'``; the numbers are the same.

    Raises:
        ValueError: If a detection is not finite.
    """

    def __init__(
        self,
        truth: GroundTruth,
        detections: Detections,
        size_bins: Mapping[str, tuple[float, float]] = SIZE_BINS,
        max_dets: Sequence[int] = (100, 300, 1500),
        iou_thrs: Sequence[float] = IOU_THRS,
        engine: str = "hotcoco",
    ) -> None:
        finite = np.isfinite(detections.boxes).all(1) & np.isfinite(detections.scores)
        if not finite.all():
            first = truth.image_ids[detections.images[finite.argmin()]]
            raise ValueError(
                f"{(~finite).sum()} detections are not finite, the first of image {first!r}"
            )
        self.truth, self.detections = truth, detections
        self.areas = ALL_AREAS | dict(size_bins)
        self.max_dets = list(max_dets)
        self.iou_thrs = sorted({LOOSE_IOU_THR, *iou_thrs})
        self._averaged = np.isin(self.iou_thrs, list(iou_thrs))
        self.engine = load_engine(engine)(truth, detections)

    @cached_property
    def curves(self) -> Curves:
        """Precision and recall; thresholds ``iou_thrs``, area ranges ``areas``, ``max_dets``."""
        return self.engine.curves(self.iou_thrs, self.areas, self.max_dets)

    @cached_property
    def matches(self) -> Matches:
        """The matches of oLRP: at IoU .5, with the largest limit."""
        return self.engine.matches(LRP_IOU_THR, self.max_dets[-1])

    @cached_property
    def lrp(self) -> list[OptimalLRP]:
        """Optimal LRP of every class."""
        chosen, found, ignored = self.matches
        ious = np.zeros(len(chosen))
        hit = found >= 0
        pairs = self.detections.boxes[chosen[hit]], self.truth.boxes[found[hit]]
        ious[hit] = box_overlaps(*map(to_corners, pairs))
        scores, classes = self.detections.scores[chosen], self.detections.labels[chosen]
        counts = np.bincount(
            self.truth.labels[~self.truth.crowds], minlength=len(self.truth.class_names)
        )
        return [
            optimal_lrp(scores[mine], ious[mine], ignored[mine], int(count), LRP_IOU_THR)
            for mine, count in ((classes == label, count) for label, count in enumerate(counts))
        ]

    def average_precision(
        self, iou_thr: float | None = None, area: str = "all", label: int | None = None
    ) -> float:
        """Return the AP in [0, 1].

        Args:
            iou_thr: One of ``iou_thrs``; None averages over those of AP.
            area: Name of a size bin, or ``'all'``.
            label: Index of a class; None averages over all.
        """
        precision = self.curves.precision[:, :, :, list(self.areas).index(area), -1]
        precision = precision[self._thresholds(iou_thr)]
        return _mean_of_valid(precision if label is None else precision[:, :, label])

    def average_recall(
        self, area: str = "all", max_det: int | None = None, label: int | None = None
    ) -> float:
        """Return the AR in [0, 1] over the IoU thresholds of AP; ``max_det`` as in ``max_dets``."""
        limit = -1 if max_det is None else self.max_dets.index(max_det)
        recall = self.curves.recall[:, :, list(self.areas).index(area), limit]
        recall = recall[self._averaged]
        return _mean_of_valid(recall if label is None else recall[:, label])

    def summarize(self) -> dict[str, float]:
        """Return every number of the protocol by name."""
        bins = list(self.areas)[1:]
        stats = self._precisions(None)
        stats |= {f"AR@{n}": self.average_recall(max_det=n) for n in self.max_dets}
        stats |= {f"AR_{name}": self.average_recall(name) for name in bins}
        names = ("oLRP", "oLRP_Loc", "oLRP_FP", "oLRP_FN")
        parts = np.array(self.lrp).reshape(-1, 4).T
        return stats | {k: _mean_of_valid(v) for k, v in zip(names, parts, strict=True)}

    def per_class(self) -> dict[str, dict[str, float]]:
        """Return every AP, the AR at the largest limit, and oLRP by the name of the class."""
        largest = self.max_dets[-1]
        return {
            name: {
                **self._precisions(label),
                f"AR@{largest}": self.average_recall(label=label),
                "oLRP": _mean_of_valid(np.array([self.lrp[label].error])),
            }
            for label, name in enumerate(self.truth.class_names)
        }

    def _precisions(self, label: int | None) -> dict[str, float]:
        """Return the AP over all thresholds, at single ones, and by size bin."""
        stats = {"AP": self.average_precision(label=label)}
        for thr in (LOOSE_IOU_THR, 0.5, 0.75):
            stats[f"AP{100 * thr:.0f}"] = self.average_precision(thr, label=label)
        bins = list(self.areas)[1:]
        return stats | {f"AP_{n}": self.average_precision(area=n, label=label) for n in bins}

    def _thresholds(self, iou_thr: float | None) -> np.ndarray:
        return self._averaged if iou_thr is None else np.isclose(self.iou_thrs, iou_thr)


def _mean_of_valid(values: np.ndarray) -> float:
    """Average the entries that have ground truth behind them (those that are not -1 or nan)."""
    valid = values[values > -1]
    return float(valid.mean()) if valid.size else -1.0
