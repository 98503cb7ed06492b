"""The libraries that match detections with ground truth and accumulate precision and recall.

hotcoco has pycocotools' interface and gives the same numbers, a hundred times faster.
"""

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from .box_arrays import Detections, GroundTruth

#: So many images are matched at a time where every match is read out, which bounds the memory.
IMAGES_PER_CHUNK = 500
#: The area range of COCO and AI-TOD that holds every box, in square pixels.
ALL_AREAS = {"all": (0.0, 1e10)}


class Curves(NamedTuple):
    """Precision over recall in [0, 1]; -1 where there is no ground truth.

    Shapes: T IoU thresholds, R = 101 recalls 0, .01, ..., 1, K classes, A area ranges, M limits.
    """

    precision: np.ndarray  # (T, R, K, A, M)
    recall: np.ndarray  # (T, K, A, M)
    scores: np.ndarray  # (T, R, K, A, M), the score at which that recall is reached


class Matches(NamedTuple):
    """What became of the detections within the limit.

    Those of one class are in the order of the images, best scores first; classes may interleave.
    """

    detections: np.ndarray  # (N,), indices of detections
    ground_truths: np.ndarray  # (N,), the index of the ground truth each found, or -1
    ignored: np.ndarray  # (N,), whether it fell into a crowd and counts for nothing


class Engine:
    """Evaluation of one set of detections by a library with pycocotools' interface.

    Args:
        evaluator: ``COCOeval`` of the library.
        truths: ``COCO`` of the library with ids from 1 in the order of :class:`GroundTruth`.
        detections: ``COCO`` of the library with ids from 1 in the order of :class:`Detections`.
        num_images: Number of images.
    """

    def __init__(self, evaluator: type, truths: Any, detections: Any, num_images: int) -> None:
        self._evaluator, self._truths, self._detections = evaluator, truths, detections
        self._num_images = num_images

    def evaluate(
        self,
        iou_thrs: Sequence[float],
        areas: Mapping[str, tuple[float, float]],
        max_dets: Sequence[int],
        image_ids: Sequence[int] | None = None,
    ) -> Any:
        """Match detections and return ``COCOeval``; image ids count from 1, None takes all."""
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools reports by printing
            evaluation = self._evaluator(self._truths, self._detections, "bbox")
            evaluation.params.iouThrs = list(map(float, iou_thrs))
            evaluation.params.areaRng = [list(map(float, area)) for area in areas.values()]
            evaluation.params.areaRngLbl = list(areas)
            evaluation.params.maxDets = list(max_dets)
            if image_ids is not None:
                evaluation.params.imgIds = list(image_ids)
            evaluation.evaluate()
        return evaluation

    def curves(
        self,
        iou_thrs: Sequence[float],
        areas: Mapping[str, tuple[float, float]],
        max_dets: Sequence[int],
    ) -> Curves:
        """Return the curves for every threshold, area range and number of detections per image."""
        evaluation = self.evaluate(iou_thrs, areas, max_dets)
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation.accumulate()
        return Curves(*(np.asarray(evaluation.eval[name]) for name in Curves._fields))

    def in_chunks(self, iou_thr: float, max_det: int) -> Iterator[Any]:
        """Yield `COCOeval` of some images at a time, for all areas at one IoU threshold."""
        for first in range(1, self._num_images + 1, IMAGES_PER_CHUNK):
            last = min(first + IMAGES_PER_CHUNK, self._num_images + 1)
            yield self.evaluate([iou_thr], ALL_AREAS, [max_det], range(first, last))

    def matches(self, iou_thr: float, max_det: int) -> Matches:
        """Return which ground truth each of the best ``max_det`` per image and class found."""
        parts: dict[str, list[np.ndarray]] = {"dtIds": [], "dtMatches": [], "dtIgnore": []}
        for evaluation in self.in_chunks(iou_thr, max_det):
            for image in filter(None, evaluation.evalImgs):
                for key, arrays in parts.items():
                    arrays.append(np.asarray(image[key], np.int64).reshape(-1))
        none = np.zeros(0, np.int64)
        ids, found, ignored = (np.concatenate([none, *arrays]) for arrays in parts.values())
        return Matches(ids - 1, found - 1, ignored.astype(bool))


def load_engine(name: str) -> Callable[[GroundTruth, Detections], Engine]:
    """Return what builds the engine ``'hotcoco'`` or ``'pycocotools'``.

    Raises:
        ValueError: If there is no engine of this name.
        ImportError: If its library is not installed.
    """
    builders = {"hotcoco": _build_hotcoco, "pycocotools": _build_pycocotools}
    if name not in builders:
        raise ValueError(f"engine must be one of {', '.join(builders)}, but got {name!r}")
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        other = next(engine for engine in builders if engine != name)
        raise ImportError(
            f"engine={name!r} needs {name}, which is not installed: run 'pip install {name}' or "
            f"choose engine={other!r}"
        ) from None
    return builders[name]


def _build_hotcoco(truth: GroundTruth, detections: Detections) -> Engine:
    from hotcoco import COCO, COCOeval

    truths = COCO.from_arrays(
        *_images_and_categories(truth),
        truth.images + 1,
        truth.labels + 1,
        truth.boxes,
        area=truth.areas,
        iscrowd=truth.crowds,
    )
    rows = np.column_stack(
        [detections.images + 1, detections.boxes, detections.scores, detections.labels + 1]
    )
    return Engine(COCOeval, truths, truths.load_res(rows), len(truth.image_ids))


def _build_pycocotools(truth: GroundTruth, detections: Detections) -> Engine:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def index(columns: GroundTruth | Detections, **extra: np.ndarray) -> COCO:
        coco = COCO()
        images, categories = _images_and_categories(truth)
        values = {
            "image_id": columns.images + 1, "category_id": columns.labels + 1,
            "bbox": columns.boxes, **extra,
        }  # fmt: skip
        rows = zip(*(value.tolist() for value in values.values()), strict=True)
        annotations = [
            dict(zip(values, row, strict=True), id=i) for i, row in enumerate(rows, start=1)
        ]
        coco.dataset = {"images": images, "categories": categories, "annotations": annotations}
        with contextlib.redirect_stdout(io.StringIO()):
            coco.createIndex()
        return coco

    truths = index(truth, area=truth.areas, iscrowd=truth.crowds.astype(int))
    nothing = np.zeros(len(detections.scores), int)
    found = index(
        detections, area=detections.boxes[:, 2:].prod(1), iscrowd=nothing, score=detections.scores
    )
    return Engine(COCOeval, truths, found, len(truth.image_ids))


def _images_and_categories(truth: GroundTruth) -> tuple[list[dict], list[dict]]:
    images = [{"id": i} for i in range(1, len(truth.image_ids) + 1)]
    return images, [{"id": i, "name": name} for i, name in enumerate(truth.class_names, start=1)]
