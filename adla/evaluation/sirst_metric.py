"""The metrics of infrared small target detection for mmdet."""

from collections.abc import Sequence
from typing import Any

import mmcv
import numpy as np
from mmdet.registry import METRICS
from mmengine.fileio import get

from adla.datasets.noco_map import noco_map

from .box_arrays import Detections
from .noco_ap import NOCO_THRESHOLDS, mean_noco_ap, noco_hits
from .operating_point import at_score, best_f1
from .tiny_coco_metric import TinyCocoMetric
from .tiny_evaluation import TinyEvaluation

#: The IoU thresholds of mAP 50-90 in MSLA-YOLOv8.
PAPER_IOU_THRS = tuple(np.linspace(0.5, 0.9, 9).tolist())
#: How each kind of mNoCoAP finds the pixel of a center.
TO_PIXEL = {"mNoCoAP": np.rint, "mNoCoAP_floor": np.floor}


@METRICS.register_module()
class SIRSTMetric(TinyCocoMetric):
    """Precision, recall, AP and mNoCoAP of one class of small infrared targets.

    Keys: ``AP`` and ``AP50`` as COCO has them; ``AP_50_90``, the mean over IoU .5, .55, ..., .9 of
    MSLA-YOLOv8; ``precision``, ``recall`` and ``f1`` at the score of the best F1 (``score``), and
    ``precision@s`` and ``recall@s`` at the fixed score ``s``, all at IoU .5; ``mNoCoAP`` after
    OSCAR, which scores the centers of the boxes alone; and ``mNoCoAP_floor``.

    The published mNoCoAP reads the map at the rounded center, half a pixel beside the pixel that
    holds it: exact boxes of one score get .718 on ``val_full`` of SIRST-V2. ``mNoCoAP_floor`` reads
    the pixel that holds the center; they get .854, since the brightest pixel of a target need not
    be its middle one. Compare with these, not with 1.

    Boxes are in pixels of the original image, which is read from ``img_path`` of the data sample,
    in gray. -1 stands for a number without ground truth behind it.

    Args:
        ann_file: COCO json with the ground truth; None takes it from the data samples.
        score_thr: The fixed score ``s`` in [0, 1].
        **kwargs: Arguments of :class:`TinyCocoMetric`.

    Raises:
        ValueError: If ``score_thr`` is not in [0, 1].
    """

    default_prefix = "sirst"

    def __init__(self, ann_file: str | None = None, score_thr: float = 0.5, **kwargs: Any) -> None:
        if not 0 <= score_thr <= 1:
            raise ValueError(f"score_thr must be in [0, 1], but got {score_thr}")
        super().__init__(ann_file, **kwargs)
        self.score_thr = score_thr

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep predictions and ground truth of a batch, and where its images are.

        Raises:
            ValueError: If a data sample does not say where its image is.
        """
        if any("img_path" not in sample for sample in data_samples):
            raise ValueError(
                "SIRSTMetric reads the images: add 'img_path' to the meta_keys of PackDetInputs in "
                "the test pipeline"
            )
        super().process(data_batch, data_samples)
        new = self.results[len(self.results) - len(data_samples) :]
        for (_, pred), sample in zip(new, data_samples, strict=True):
            pred["img_path"] = sample["img_path"]

    def compute_metrics(self, results: list[tuple[dict, dict]]) -> dict[str, float]:
        """Compute the metric from ``(ground truth, prediction)`` of every image.

        Raises:
            ValueError: If there are several classes, an image has another size than its
                annotation, or predictions and annotations do not belong together.
        """
        classes = self.dataset_meta["classes"]
        if len(classes) != 1:
            raise ValueError(f"SIRSTMetric measures one class, but the data set has {classes}")
        coco = super().compute_metrics(results)
        if not coco:
            return coco
        preds = [pred for _, pred in results]
        evaluation = TinyEvaluation(
            self._truth, self._columns(preds), {}, self.proposal_nums, PAPER_IOU_THRS, self.engine
        )
        stats = {key: coco[key] for key in ("AP", "AP50")}
        stats["AP_50_90"] = evaluation.average_precision()
        paths = {pred["img_id"]: pred["img_path"] for pred in preds}
        return stats | self._box_stats(evaluation) | self._noco_stats(evaluation.detections, paths)

    def _box_stats(self, evaluation: TinyEvaluation) -> dict[str, float]:
        """Return precision and recall at IoU .5."""
        matches = evaluation.matches
        counts = ~matches.ignored
        scores = evaluation.detections.scores[matches.detections[counts]]
        hits = matches.ground_truths[counts] >= 0
        targets = int((~self._truth.crowds).sum())
        best = best_f1(scores, hits, targets)
        fixed = at_score(scores, hits, targets, self.score_thr)
        return {
            "precision": best.precision,
            "recall": best.recall,
            "f1": best.f1,
            "score": best.score,
            f"precision@{self.score_thr:g}": fixed.precision,
            f"recall@{self.score_thr:g}": fixed.recall,
        }

    def _noco_stats(self, found: Detections, paths: dict) -> dict[str, float]:
        """Return both kinds of mNoCoAP; ``paths`` are those of the images by their id."""
        truth = self._truth
        centers = found.boxes[:, :2] + found.boxes[:, 2:] / 2
        hits = {key: np.zeros((len(NOCO_THRESHOLDS), len(centers)), bool) for key in TO_PIXEL}
        for index in np.intersect1d(found.images, truth.images[~truth.crowds]):
            boxes = truth.boxes[(truth.images == index) & ~truth.crowds]
            boxes = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)
            image_id = truth.image_ids[index]
            noco = noco_map(self._read_gray(image_id, paths[image_id]), boxes)
            mine = np.flatnonzero(found.images == index)
            for key, to_pixel in TO_PIXEL.items():
                hits[key][:, mine] = noco_hits(
                    centers[mine], found.scores[mine], boxes, noco, to_pixel=to_pixel
                )
        targets = int((~truth.crowds).sum())
        return {key: mean_noco_ap(hit, found.scores, targets) for key, hit in hits.items()}

    def _read_gray(self, image_id: int | str, path: str) -> np.ndarray:
        """Read the brightness (H, W) of an image.

        Raises:
            ValueError: If the image has another size than its annotation says.
        """
        gray = mmcv.imfrombytes(get(path, backend_args=self.backend_args), flag="grayscale")
        info = self._coco_api.imgs[image_id]
        if gray.shape != (info["height"], info["width"]):
            raise ValueError(
                f"{path} has {gray.shape[1]}x{gray.shape[0]} pixels, but its annotation says "
                f"{info['width']}x{info['height']}"
            )
        return gray
