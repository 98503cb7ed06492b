"""The demo's pictures: what the models need to be asked before the arrays can be drawn."""

import json
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import torch
from demo_progress import Ticker
from demo_runs import Run
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.fileio import load
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmengine.structures import InstanceData

from adla.visualization import (
    best_f1_score,
    load_scalars,
    save_assignments,
    save_curves,
    save_detections,
)
from adla.visualization.assignments import crowded_window
from adla.visualization.detections import Detections

WINDOW = 128  # side of the enlarged crops in pixels


def load_ground_truth(root: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return boxes (K, 4), xyxy, and labels (K,) of each validation image, by file name."""
    coco = json.loads((root / "data/scenes/annotations/val.json").read_text())
    by_image = defaultdict(list)
    for ann in coco["annotations"]:
        by_image[ann["image_id"]].append((*ann["bbox"], ann["category_id"] - 1))
    truth = {}
    for image in coco["images"]:
        rows = np.array(by_image[image["id"]], float).reshape(-1, 5)
        boxes = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])
        truth[image["file_name"]] = (boxes, rows[:, 4].astype(int))
    return truth


def most_crowded(truth: dict[str, tuple[np.ndarray, np.ndarray]], count: int) -> list[str]:
    """Return the images with the most objects below 12 px: chosen by the data, not the results."""

    def tiny(name: str) -> int:
        boxes = truth[name][0]
        return int((np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) < 12**2).sum())

    return sorted(truth, key=lambda name: (-tiny(name), name))[:count]


def draw_all(runs: list[Run], root: Path, out: Path, ticker: Ticker) -> list[Path]:
    """Draw curves, detections and assignments of all runs.

    Args:
        runs: Trained and tested runs.
        root: Folder that holds `data/`.
        out: Folder for the pictures.
        ticker: Shows what is being drawn.

    Returns:
        The PNG files.
    """
    ticker.update(0.0, "detections")
    truth = load_ground_truth(root)
    names = most_crowded(truth, 2)
    images = [cv2.imread(str(root / "data/scenes/images" / name)) for name in names]
    windows = [
        crowded_window(truth[name][0], image.shape[1::-1], WINDOW)
        for name, image in zip(names, images, strict=True)
    ]
    columns = {}
    for run in runs:
        samples = _load_predictions(run, truth)
        threshold, f1 = best_f1_score(list(samples.values()))
        title = f"{run.name}, score from {threshold:.2f} (best F1 {f1:.2f})"
        columns[title] = ([samples[name] for name in names], threshold)
    panels = {}
    for number, run in enumerate(runs, start=1):
        ticker.update(number / (len(runs) + 2), f"assignment of {run.name}")
        panels[run.name] = _assign(run, images[0], *truth[names[0]])
    ticker.update(text="writing")
    return [
        save_curves(out / "curves.png", {run.name: load_scalars(run.work_dir) for run in runs}),
        save_detections(out / "detections.png", images, columns, windows),
        save_assignments(
            out / "assignments.png", images[0], truth[names[0]][0], panels, windows[0]
        ),
    ]


def _load_predictions(
    run: Run, truth: dict[str, tuple[np.ndarray, np.ndarray]]
) -> dict[str, Detections]:
    """Return the detections of the test of a run by file name."""
    samples = {}
    for record in load(run.work_dir / "predictions.pkl"):
        found, name = record["pred_instances"], Path(record["img_path"]).name
        arrays = (np.asarray(found[key]) for key in ("bboxes", "scores", "labels"))
        samples[name] = Detections(*arrays, *truth[name])
    return samples


def _assign(
    run: Run, image: np.ndarray, boxes: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the anchors (A, 4) and their `gt_inds` (A,) as the trained run assigns them."""
    init_default_scope("mmdet")
    model = MODELS.build(run.load_config().model).eval()
    load_checkpoint(model, str(run.checkpoint), map_location="cpu", logger="silent")
    assigner = model.bbox_head.assigner
    if hasattr(assigner, "set_progress"):
        assigner.set_progress(1.0)
    seen, assign = [], assigner.assign

    def listen(pred_instances, *args, **kwargs):
        result = assign(pred_instances, *args, **kwargs)
        seen.append((pred_instances.priors.numpy(), result.gt_inds.numpy()))
        return result

    assigner.assign = listen
    sample = DetDataSample(metainfo={"img_shape": image.shape[:2], "scale_factor": (1.0, 1.0)})
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32), labels=torch.tensor(labels)
    )
    data = {"inputs": [torch.from_numpy(image).permute(2, 0, 1)], "data_samples": [sample]}
    with torch.no_grad():
        data = model.data_preprocessor(data)
        model.loss(data["inputs"], data["data_samples"])
    return seen[0]
