"""Files that an evaluation leaves: detections and precision-recall curves, whole or not at all."""

import csv
import json
import os
from collections.abc import Sequence

import numpy as np

from adla.atomic_files import atomic_file

from .tiny_evaluation import TinyEvaluation

#: The IoU thresholds of the picture.
DRAWN_IOUS = (0.25, 0.5, 0.75)


def write_detections(
    path: str | os.PathLike, predictions: Sequence[dict], category_ids: Sequence[int | str]
) -> None:
    """Write a COCO result file, one image at a time.

    Args:
        path: The json to write.
        predictions: For each image ``img_id``, ``bboxes`` (N, 4) in xyxy, ``scores`` and
            ``labels`` (N,) as arrays.
        category_ids: Category id of each label.
    """
    with atomic_file(path) as file:
        separator = "["
        for prediction in predictions:
            boxes = np.array(prediction["bboxes"])
            boxes[:, 2:] -= boxes[:, :2]
            columns = (boxes, prediction["scores"], prediction["labels"])
            for box, score, label in zip(*(c.tolist() for c in columns), strict=True):
                entry = {
                    "image_id": prediction["img_id"], "category_id": category_ids[label],
                    "bbox": box, "score": score,
                }  # fmt: skip
                file.write(separator + json.dumps(entry))
                separator = ",\n"
        file.write("[]" if separator == "[" else "]")


def write_curves(path: str | os.PathLike, evaluation: TinyEvaluation) -> None:
    """Write the precision at 101 recalls of every class, size bin and IoU threshold as CSV.

    ``score`` is the score threshold that reaches the recall, empty where no threshold does. A
    class without ground truth in a size bin has no rows there.
    """
    precision, _, scores = (array[..., -1] for array in evaluation.curves)
    recalls = np.linspace(0, 1, precision.shape[1])
    with atomic_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["class", "size", "iou", "recall", "precision", "score"])
        for k, name in enumerate(evaluation.truth.class_names):
            for a, area in enumerate(evaluation.areas):
                for t, iou in enumerate(evaluation.iou_thrs):
                    if (precision[t, :, k, a] < 0).all():
                        continue
                    curve = zip(recalls, precision[t, :, k, a], scores[t, :, k, a], strict=True)
                    writer.writerows(
                        [name, area, f"{iou:.2f}", f"{r:.2f}", f"{p:.6f}", f"{s:.6f}" if p else ""]
                        for r, p, s in curve
                    )


def mean_curves(evaluation: TinyEvaluation) -> dict[str, dict[str, np.ndarray]]:
    """Return curves (101,) to draw: by IoU over all classes, by size at IoU .5, by class at .5."""
    precision = evaluation.curves.precision[..., -1]  # (T, R, K, A)
    at = {iou: index for index, iou in enumerate(evaluation.iou_thrs)}
    loose = precision[at[0.5]]
    curves = {
        "all classes, by IoU": {
            f"IoU {iou:.2f}": precision[at[iou], :, :, 0] for iou in DRAWN_IOUS
        },
        "all classes, by size at IoU .5": {
            name: loose[:, :, index] for index, name in enumerate(evaluation.areas) if index
        },
        "by class at IoU .5": {
            name: loose[:, [k], 0] for k, name in enumerate(evaluation.truth.class_names)
        },
    }
    return {
        title: {name: curve[:, curve[0] >= 0].mean(1) for name, curve in group.items()
                if (curve[0] >= 0).any()}
        for title, group in curves.items()
    }  # fmt: skip
