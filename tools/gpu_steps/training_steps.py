"""Step d: a training step of two detectors, in fp32 and in mixed precision, stock and ADLA."""

from __future__ import annotations

import copy
import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from host_syncs import count_host_syncs
from measured import measure
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from adla.engine.assigners import find_assigners
from tools.benchmark.assigners import make_objects

from .step import Job

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
DETECTORS = {
    "RetinaNet R50": "retinanet/retinanet_r50_fpn_{}1x_aitod.py",
    "Faster R-CNN R50": "faster_rcnn/faster-rcnn_r50_fpn_{}1x_aitod.py",
}
ASSIGNERS = {"stock": "", "ADLA": "adla-"}
#: Precision -> optimizer wrapper.
PRECISIONS = {
    "fp32": "OptimWrapper",
    "AMP, adla": "MixedPrecisionOptimWrapper",
    "AMP, mmengine": "mmengine.AmpOptimWrapper",
}


class Size(NamedTuple):
    """How large the steps are: side of the images in pixels, their number, objects in each."""

    side: int
    images: int
    objects: tuple[int, ...]


def build(config: str, device: str) -> tuple[torch.nn.Module, Config]:
    """Build the detector of a config without pretrained weights, late in its training."""
    cfg = Config.fromfile(CONFIGS / config)
    init_default_scope(cfg.default_scope)
    cfg.model.backbone.init_cfg = None
    if device == "cpu" and "roi_head" in cfg.model:  # small: the second stage sees few proposals
        cfg.model.train_cfg.rpn_proposal.max_per_img = 20
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).to(device).train()
    model.init_weights()
    for assigner in find_assigners(model).values():
        if hasattr(assigner, "set_progress"):
            assigner.set_progress(0.75)  # alpha is alpha0: the predictions weigh in
    return model, cfg


def make_batch(size: Size, objects: int, device: str) -> dict:
    """Return what a data loader returns, on the device."""
    chance = torch.Generator().manual_seed(0)
    inputs, samples = [], []
    for _ in range(size.images):
        image = torch.randint(0, 256, (3, size.side, size.side), generator=chance)
        inputs.append(image.to(device, torch.uint8))
        shape = (size.side, size.side)
        sample = DetDataSample(metainfo={"img_shape": shape, "scale_factor": (1.0, 1.0)})
        labels = torch.zeros(objects, dtype=torch.long)
        boxes = make_objects(objects, size.side, chance)
        sample.gt_instances = InstanceData(bboxes=boxes, labels=labels).to(device)
        samples.append(sample)
    return {"inputs": inputs, "data_samples": samples}


def make_step(model: torch.nn.Module, cfg: Config, wrapper: str, batch: dict) -> Callable:
    """Return a call that makes one training step and returns the total loss."""
    options = copy.deepcopy(cfg.optim_wrapper)
    options.type, options.optimizer.lr = wrapper, 1e-6
    optim_wrapper = build_optim_wrapper(model, options)
    return lambda: model.train_step(copy.deepcopy(batch), optim_wrapper)["loss"]


def measure_case(job: Job, step: Callable) -> dict:
    """Return the columns of a case."""
    losses = []
    warm, timed = (0, 1) if job.small else (3, 5)
    costs = [measure(step, 1, job.device) for _ in range(warm + timed)][warm:]
    syncs = count_host_syncs(lambda: losses.append(step()), job.device)
    loss = float(losses[0])
    return {
        "ms": statistics.median(cost.seconds for cost in costs) * 1e3,
        "MiB": round(max(cost.mib for cost in costs)),
        "host_syncs": syncs,
        "verdict": "" if math.isfinite(loss) else f"the loss is {loss}",
    }


def run_detector(job: Job, name: str, size: Size) -> None:
    """Measure a detector with both assigners."""
    models = {}
    for assigner, part in ASSIGNERS.items():
        found = job.attempt(
            f"{name}, {assigner}", lambda p=part: build(DETECTORS[name].format(p), job.device)
        )
        if not isinstance(found, str):
            models[assigner] = found
    for objects in size.objects:
        batch = make_batch(size, objects, job.device)
        for precision, wrapper in PRECISIONS.items():
            if job.small and wrapper.startswith("mmengine"):
                job.note("mmengine's AmpOptimWrapper needs a GPU; adla's does not")
                continue
            for assigner, (model, cfg) in models.items():
                if job.left() <= 0:
                    job.late("the time ended before all cases were measured")
                    return
                line = dict(detector=name, objects=objects, precision=precision, assigner=assigner)
                found = job.attempt(
                    str(line),
                    lambda m=model, c=cfg, w=wrapper, b=batch: measure_case(
                        job, make_step(m, c, w, b)
                    ),
                )
                empty = dict.fromkeys(("ms", "MiB", "host_syncs"))
                job.row(**line, **(empty | {"verdict": found} if isinstance(found, str) else found))


def main() -> None:
    """Measure, RetinaNet first."""
    job = Job()
    size = Size(64, 1, (5,)) if job.small else Size(800, 4, (100, 2500))
    times = "one step" if job.small else "median of five steps after three"
    job.note(f"{size.images} images of {size.side} px; ms: {times}")
    for name in DETECTORS:
        run_detector(job, name, size)
        bad = sum(bool(row["verdict"]) for row in job.record.rows)
        job.say(f"{len(job.record.rows)} cases, {bad} with a verdict")


if __name__ == "__main__":
    main()
