"""The AI-TOD metric for mmdet."""

import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.datasets.api_wrappers import COCO
from mmdet.evaluation import CocoMetric
from mmdet.registry import METRICS
from mmengine.fileio import get_local_path
from mmengine.logging import MMLogger

from adla.datasets.categories import category_ids
from adla.datasets.tiny_coco import ClassOrderCOCO
from adla.size_bins import SIZE_BINS

from .box_arrays import Detections, GroundTruth
from .coco_engines import load_engine
from .metric_tables import render_classes
from .output_files import write_curves, write_detections
from .result_files import suspicions_of
from .tiny_evaluation import TinyEvaluation


@METRICS.register_module()
class TinyCocoMetric(CocoMetric):
    """Average precision, average recall and optimal LRP of boxes by the AI-TOD protocol.

    Keys: ``AP AP25 AP50 AP75 AP_vt AP_t AP_s AP_m``, ``AR@100 AR@300 AR@1500``, ``AR_vt AR_t AR_s
    AR_m`` and ``oLRP oLRP_Loc oLRP_FP oLRP_FN``, which are errors: lower is better. Every AP,
    every AR of a size bin, and oLRP is taken at the largest of ``proposal_nums``; AP25 is in no
    mean. A number without ground truth behind it is -1. Detections compete per image and class.

    Args:
        ann_file: COCO json with the ground truth; None takes it from the data samples.
        metric: Only ``'bbox'``; there so that a config of ``CocoMetric`` needs one change.
        classwise: Also give ``AP_<class>`` and log a table of all classes.
        proposal_nums: Ascending numbers of detections per image and class.
        format_only: Only write the detections to ``<outfile_prefix>.bbox.json``.
        outfile_prefix: Where to write the detections; None writes nothing.
        curves_file: CSV to write the precision-recall curves to; None writes nothing.
        engine: ``'hotcoco'``, or ``'pycocotools'``, which gives the same numbers far slower.
        backend_args: mmengine's file backend for ``ann_file``.
        collect_device: How the results of several processes are collected: ``'cpu'`` through
            files, so that only the first process holds all of them, or ``'gpu'``.
        prefix: Replaces ``tiny`` before the keys.

    Raises:
        ValueError: If ``metric`` is not ``'bbox'``, ``proposal_nums`` does not ascend, there is
            no such ``engine``, ``format_only`` has no ``outfile_prefix``, or ``ann_file`` is
            damaged (one message lists what is wrong).
        ImportError: If the engine is not installed.
    """

    default_prefix = "tiny"

    def __init__(
        self,
        ann_file: str | None = None,
        metric: str | Sequence[str] = "bbox",
        classwise: bool = False,
        proposal_nums: Sequence[int] = (100, 300, 1500),
        format_only: bool = False,
        outfile_prefix: str | None = None,
        curves_file: str | None = None,
        engine: str = "hotcoco",
        backend_args: dict | None = None,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        if metric not in ("bbox", ["bbox"], ("bbox",)):
            raise ValueError(f"TinyCocoMetric evaluates metric='bbox' only, but got {metric!r}")
        if format_only and outfile_prefix is None:
            raise ValueError("format_only=True needs outfile_prefix, the path of the json to write")
        if not proposal_nums or list(proposal_nums) != sorted({int(n) for n in proposal_nums}):
            raise ValueError(f"proposal_nums must be ascending integers, but got {proposal_nums}")
        load_engine(engine)
        super().__init__(
            ann_file=ann_file if format_only else None,  # else it is read, and checked, below
            classwise=classwise,
            proposal_nums=proposal_nums,
            format_only=format_only,
            outfile_prefix=outfile_prefix,
            backend_args=backend_args,
            collect_device=collect_device,
            prefix=prefix,
        )
        self.ann_file, self.curves_file, self.engine = ann_file, curves_file, engine
        if ann_file is not None and not format_only:
            with get_local_path(ann_file, backend_args=backend_args) as path:
                self._coco_api: Any = ClassOrderCOCO(path)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep boxes, scores and labels of a batch; masks are not evaluated, so not encoded."""
        samples = []
        for sample in data_samples:
            pred = sample["pred_instances"]
            kept = {name: pred[name] for name in ("bboxes", "scores", "labels")}
            samples.append({**sample, "pred_instances": kept})
        super().process(data_batch, samples)

    def compute_metrics(self, results: list[tuple[dict, dict]]) -> dict[str, float]:
        """Compute the metric from ``(ground truth, prediction)`` of every image.

        Raises:
            ValueError: If predictions and annotations do not belong together.
        """
        logger = MMLogger.get_current_instance()
        gts, preds = [gt for gt, _ in results], [pred for _, pred in results]
        self._load_ground_truth(gts)
        self._check(preds)
        if self.outfile_prefix is not None:
            written = f"{self.outfile_prefix}.bbox.json"
            write_detections(written, preds, self.cat_ids)
            logger.info(f"Detections written to {written}")
        if self.format_only:
            return {}
        not_seen = set(self.img_ids) - {pred["img_id"] for pred in preds}
        if not_seen:
            logger.warning(
                f"{len(not_seen)} of {len(self.img_ids)} images of {self.ann_file} were not "
                "evaluated; their ground truth counts as missed"
            )
        evaluation = TinyEvaluation(
            self._truth, self._columns(preds), max_dets=self.proposal_nums, engine=self.engine
        )
        stats = evaluation.summarize()
        if self.classwise:
            classes = evaluation.per_class()
            logger.info(f"\n{render_classes(classes)}")
            stats |= {f"AP_{name}": values["AP"] for name, values in classes.items()}
        if self.curves_file is not None:
            write_curves(self.curves_file, evaluation)
            logger.info(f"Precision-recall curves written to {self.curves_file}")
        return stats

    def _load_ground_truth(self, gts: Sequence[dict]) -> None:
        """Set the annotations and the ids of images and classes, classes in label order."""
        if self._coco_api is None:
            with tempfile.TemporaryDirectory() as folder:
                self._coco_api = COCO(self.gt_to_coco_json(gts, str(Path(folder) / "results")))
        if self.cat_ids is None:
            source = self.ann_file or "The ground truth of the data samples"
            self.cat_ids = category_ids(self._coco_api, self.dataset_meta["classes"], source)
            self.img_ids = self._coco_api.get_img_ids()
            hidden = {f"AP_{name}" for name in SIZE_BINS}
            hidden &= {f"AP_{name}" for name in self.dataset_meta["classes"]}
            if self.classwise and hidden:
                raise ValueError(
                    f"classwise=True would write {sorted(hidden)} twice: a class has the name of "
                    "a size bin; rename it or set classwise=False"
                )

    def _check(self, preds: Sequence[dict]) -> None:
        """Check that image ids and labels of the predictions belong to the annotations."""
        unknown = sorted({pred["img_id"] for pred in preds} - set(self.img_ids), key=str)
        if unknown:
            raise ValueError(
                f"{len(unknown)} predicted image ids are not in {self.ann_file}, first "
                f"{unknown[:5]}: give the metric the ann_file of the evaluated dataset"
            )
        for pred in preds:
            labels = pred["labels"]
            if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.cat_ids):
                raise ValueError(
                    f"image {pred['img_id']}: labels {labels.min()} to {labels.max()} predicted, "
                    f"but there are {len(self.cat_ids)} classes; check the head's num_classes"
                )

    @cached_property
    def _truth(self) -> GroundTruth:
        """The annotations as columns; what bends the measurement goes to the log as a warning."""
        source = self.ann_file or "the data samples"
        for text in suspicions_of(self._coco_api.dataset):
            MMLogger.get_current_instance().warning(f"{source}: {text}")
        return GroundTruth.from_coco(self._coco_api.dataset, self.cat_ids)

    def _columns(self, preds: Sequence[dict]) -> Detections:
        """Join the predictions of all images; what is not finite becomes an empty box."""
        position = {image_id: index for index, image_id in enumerate(self._truth.image_ids)}
        images = [position[pred["img_id"]] for pred in preds]
        boxes = np.concatenate([np.zeros((0, 4)), *(pred["bboxes"] for pred in preds)])
        boxes[:, 2:] -= boxes[:, :2]
        scores = np.concatenate([np.zeros(0), *(pred["scores"] for pred in preds)])
        labels = np.concatenate([np.zeros(0, np.int64), *(pred["labels"] for pred in preds)])
        finite = np.isfinite(boxes).all(1) & np.isfinite(scores)
        if not finite.all():
            MMLogger.get_current_instance().warning(
                f"{(~finite).sum()} of {len(finite)} detections are not finite; they count as "
                "false alarms with score 0"
            )
            boxes[~finite] = scores[~finite] = 0
        counts = [len(pred["labels"]) for pred in preds]
        return Detections(boxes, scores, labels, np.repeat(np.array(images, np.int64), counts))
