"""Pictures that compare trained and tested runs: curves, detections, assignments."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.models.task_modules import AssignResult
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from adla.datasets.image_reading import read_bgr
from adla.models.checkpoints import load_weights
from adla.visualization import (
    best_f1_score,
    load_scalars,
    save_assignments,
    save_curves,
    save_detections,
)
from adla.visualization.assignments import crowded_window
from adla.visualization.coco_results import read_samples
from adla.visualization.detections import Sample

from .progress import Ticker
from .run_config import load_run_config
from .runs import Run, load_record

WINDOW = 128  # side of the enlarged crops in pixels


def most_crowded(samples: Mapping[str, Sample], count: int) -> list[str]:
    """Return the images with the most objects below 12 px: chosen by the data, not the results."""

    def tiny(name: str) -> int:
        boxes = samples[name].gt_boxes
        return int((np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) < 12**2).sum())

    return sorted(samples, key=lambda name: (-tiny(name), name))[:count]


def save_pictures(
    out: Path,
    runs: Mapping[str, Run],
    configs: Path,
    ann_file: Path,
    image_dir: Path,
    ticker: Ticker,
) -> list[Path]:
    """Draw curves, detections and assignments of all runs.

    Args:
        out: Folder for the pictures.
        runs: Trained and tested runs by name; each kept its detections as `detections.bbox.json`.
        configs: The folder `configs/`.
        ann_file: COCO annotations of the images that the runs were tested on.
        image_dir: What their file names start from.
        ticker: Shows what is being drawn.

    Returns:
        The PNG files.
    """
    ticker.update(0.0, "detections")
    found = {
        name: read_samples(ann_file, run.work_dir / "detections.bbox.json")
        for name, run in runs.items()
    }
    samples = next(iter(found.values()))
    names = most_crowded(samples, 2)
    images = [read_bgr(image_dir / name) for name in names]
    windows = [
        crowded_window(samples[name].gt_boxes, image.shape[1::-1], WINDOW)
        for name, image in zip(names, images, strict=True)
    ]
    columns = {}
    for name, of_run in found.items():
        threshold, f1 = best_f1_score(list(of_run.values()))
        title = f"{name}, score from {threshold:.2f} (best F1 {f1:.2f})"
        columns[title] = ([of_run[image] for image in names], threshold)
    truth, panels = samples[names[0]], {}
    for number, (name, run) in enumerate(runs.items(), start=1):
        ticker.update(number / (len(runs) + 2), f"assignment of {name}")
        panels[name] = _assign(run, configs, images[0], truth)
    ticker.update(text="writing")
    curves = {name: load_scalars(run.work_dir) for name, run in runs.items()}
    return [
        save_curves(out / "curves.png", curves),
        save_detections(out / "detections.png", images, columns, windows),
        save_assignments(out / "assignments.png", images[0], truth.gt_boxes, panels, windows[0]),
    ]


def _assign(
    run: Run, configs: Path, image: np.ndarray, truth: Sample
) -> tuple[np.ndarray, np.ndarray]:
    """Return the anchors (A, 4) and their `gt_inds` (A,) as the trained run assigns them."""
    config = load_run_config(configs, run)
    model = MODELS.build(config.model).eval()
    record = load_record(run)
    assert record is not None and record.checkpoint is not None
    load_weights(model, config, str(run.work_dir / record.checkpoint))
    assigner = model.bbox_head.assigner
    if hasattr(assigner, "set_progress"):
        assigner.set_progress(1.0)
    seen, assign = [], assigner.assign

    def listen(pred_instances: InstanceData, *args: Any, **kwargs: Any) -> AssignResult:
        result = assign(pred_instances, *args, **kwargs)
        seen.append((pred_instances.priors.numpy(), result.gt_inds.numpy()))
        return result

    assigner.assign = listen
    sample = DetDataSample(metainfo={"img_shape": image.shape[:2], "scale_factor": (1.0, 1.0)})
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor(truth.gt_boxes, dtype=torch.float32),
        labels=torch.tensor(truth.gt_labels),
    )
    data = {"inputs": [torch.from_numpy(image).permute(2, 0, 1)], "data_samples": [sample]}
    with torch.no_grad():
        data = model.data_preprocessor(data)
        model.loss(data["inputs"], data["data_samples"])
    return seen[0]
