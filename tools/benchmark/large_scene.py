"""Plant boxes at the seams of a huge scene, detect them with tools/predict.py, and count.

It writes a GeoTIFF, trains a small detector on small scenes of the same kind (both unless they are
there), predicts, and prints time, peak memory and how often each planted box was found, also for
SAHI's own ways to join the very same slices. Example: ``python tools/benchmark/large_scene.py
work_dirs/large_scene``
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from planted import Planted, plant_scene, write_geotiff, write_training_set
from rich.console import Console
from rich.table import Table
from sahi.postprocess.combine import batched_greedy_nmm, batched_nms
from scipy.spatial import cKDTree

from adla.evaluation.box_arrays import Detections
from adla.inference.nested_nms import suppress_nested
from adla.inference.resume_log import FOLDER, ResumeLog
from adla.inference.scene_detection import collect_scene
from adla.inference.slicing import make_grid

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """_base_ = "{base}"
data_root = "{data}/"
metainfo = dict(classes=("box",))
model = dict(bbox_head=dict(num_classes=1))
train_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
val_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + "annotations/val.json")
test_evaluator = val_evaluator
train_cfg = dict(max_epochs={epochs}, val_interval={epochs})
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type="CosineAnnealingLR", end={epochs}, eta_min_ratio=0.02, convert_to_iter_based=True),
]
"""
EPOCHS = 16
BASE = ROOT / "configs/demo/retinanet_csp-nano_fpn-p2_adla-light_scenes.py"

#: What is counted, and from which overlap two boxes of a slice are one: this detector has learned
#: for minutes, and puts weak boxes beside and around the strong ones.
SCORE_THR, NMS_THR = 0.7, 0.3


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for scene, detector and detections")
    parser.add_argument("--size", type=int, default=20_000, help="side of the scene in pixels")
    parser.add_argument("--slice", type=int, default=800, help="side of the slices in pixels")
    parser.add_argument("--overlap", type=int, default=160, help="overlap of the slices in pixels")
    parser.add_argument("--images", type=int, default=240, help="number of training images")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same scene")
    return parser.parse_args()


def train(out: Path, count: int, seed: int) -> tuple[Path, Path]:
    """Train the demo's detector on planted boxes unless that was done; return config, weights."""
    config, work_dir = out / "detector.py", out / "detector"
    checkpoint = work_dir / f"epoch_{EPOCHS}.pth"
    if not checkpoint.exists():
        write_training_set(out / "training", count, 256, seed + 1000)
        config.write_text(
            CONFIG.format(base=BASE, epochs=EPOCHS, data=(out / "training").resolve())
        )
        command = [sys.executable, ROOT / "tools/train.py", config, "--work-dir", work_dir]
        command = [*map(str, command), "--resume"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return config, checkpoint


def count_hits(planted: Planted, boxes: np.ndarray) -> tuple[np.ndarray, int]:
    """Count the detections whose center lies in each planted box, or within a pixel of it.

    Returns:
        Counts (K,) and the number of detections that lie in none.
    """
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    tree = cKDTree((planted.boxes[:, :2] + planted.boxes[:, 2:]) / 2)
    near = planted.boxes[tree.query(centers, k=2)[1]]
    inside = (centers[:, None] >= near[..., :2] - 1) & (centers[:, None] <= near[..., 2:] + 1)
    inside = inside.all(axis=2)
    hits = tree.query(centers, k=2)[1][inside]
    return np.bincount(hits, minlength=len(planted.boxes)), int((~inside.any(axis=1)).sum())


def twice_in_a_slice(planted: Planted, found: Detections, slice_ids: np.ndarray) -> np.ndarray:
    """Say which planted boxes (K,) a single slice reports more than once."""
    found, slice_ids = suppress_nested(found, slice_ids, NMS_THR)
    most = np.zeros(len(planted.boxes), int)
    for number in np.unique(slice_ids):
        most = np.maximum(most, count_hits(planted, found.corners[slice_ids == number])[0])
    return most > 1


def tabulate(planted: Planted, joined: dict[str, np.ndarray]) -> Table:
    """Return how often the planted boxes of each kind were found, for each way to join."""
    table = Table("joined by", "planted", *("boxes", "once", "twice or more", "missed"))
    for name, boxes in joined.items():
        hits, false = count_hits(planted, boxes)
        for kind in dict.fromkeys(planted.kinds):
            own = hits[planted.kinds == kind]
            counts = (len(own), (own == 1).sum(), (own > 1).sum(), (own == 0).sum())
            table.add_row(name, kind, *map(str, counts))
        counts = (len(hits), (hits == 1).sum(), (hits > 1).sum(), (hits == 0).sum())
        table.add_row(name, f"all; false alarms: {false}", *map(str, counts), end_section=True)
    return table


def join_as_sahi(found: Detections) -> dict[str, np.ndarray]:
    """Join the detections of all slices as SAHI does, at the same IoS."""
    table = np.column_stack([found.corners, found.scores, found.labels]).astype(np.float32)
    joined = {"SAHI NMS": found.corners[batched_nms(table, "IOS", NMS_THR)]}
    merged = []
    for best, others in batched_greedy_nmm(table, "IOS", NMS_THR).items():
        group = found.corners[[best, *others]]
        merged.append(np.concatenate([group[:, :2].min(axis=0), group[:, 2:].max(axis=0)]))
    joined["SAHI GREEDYNMM"] = np.array(merged).reshape(-1, 4)
    return joined


def predict(
    config: Path, checkpoint: Path, scene: Path, args: argparse.Namespace
) -> tuple[float, float]:
    """Call tools/predict.py and return its seconds and its peak memory in GiB.

    Raises:
        SystemExit: If it fails.
    """
    command = [
        sys.executable, ROOT / "tools/predict.py", config, checkpoint, scene, "--fresh",
        "--out", args.out / scene.stem, "--keep-journal", "--slice", args.slice,
        "--overlap", args.overlap / args.slice, "--max-object", min(32, args.overlap / 3),
        "--score-thr", SCORE_THR, "--nms-thr", NMS_THR,
    ]  # fmt: skip
    start = time.monotonic()
    process = subprocess.Popen([str(part) for part in command])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit("large_scene: the prediction failed, see above")
    return time.monotonic() - start, usage.ru_maxrss / 2**20


def main() -> None:
    """Make the scene, detect in it, count."""
    args, console = parse_args(), Console()
    args.out.mkdir(parents=True, exist_ok=True)
    grid = make_grid(args.size, args.size, args.slice, args.overlap)
    planted = plant_scene(args.size, grid.columns, grid.rows, args.seed)
    scene = args.out / f"scene_{args.size}_{args.slice}_{args.overlap}_{args.seed}.tif"
    if not scene.exists():
        with console.status(f"writing {scene}"):
            part = scene.with_suffix(".part")
            write_geotiff(part, planted, args.size, args.seed)
            part.rename(scene)
    with console.status("training a detector"):
        config, checkpoint = train(args.out, args.images, args.seed)
    seconds, peak = predict(config, checkpoint, scene, args)
    console.print(
        f"{seconds:.0f} s, {len(grid)} slices, {len(grid) / seconds:.2f} slices/s, "
        f"peak memory {peak:.2f} GiB", highlight=False,
    )  # fmt: skip
    coco = json.loads((args.out / scene.stem / "detections.json").read_text())
    boxes = np.array([each["bbox"] for each in coco["annotations"]]).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    found, slice_ids = collect_scene(grid, ResumeLog(args.out / scene.stem / FOLDER, None), 0)
    console.print(tabulate(planted, {"adla": boxes, **join_as_sahi(found)}))
    twice = count_hits(planted, boxes)[0] > 1
    before = twice_in_a_slice(planted, found, slice_ids)
    console.print(
        f"{before.sum()} boxes are found twice by a single slice; of those that adla counts twice, "
        f"{(twice & before).sum()} are among them and {(twice & ~before).sum()} are not",
        highlight=False,
    )


if __name__ == "__main__":
    main()
