"""How fast a detector trains and predicts, and what its assigner takes of it."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData

import adla  # noqa: F401  before mmdet: it provides mmcv's ops
from adla.engine.assigners import find_assigners

from mmdet.models.detectors import BaseDetector  # isort: skip
from mmdet.structures import DetDataSample  # isort: skip


@dataclass
class Speed:
    """Medians over the repetitions.

    Attributes:
        images_per_second: Of a training step: forward, losses, backward, update.
        assigner_share: Of the assigner in a training step, within [0, 1].
        latency: Of one image from the normalized tensor to the boxes after NMS, in seconds.
    """

    images_per_second: float
    assigner_share: float
    latency: float


def measure_speed(
    detector: BaseDetector, size: int, batch_size: int = 4, repeats: int = 5, num_targets: int = 3
) -> Speed:
    """Time training steps and predictions on random square images, after one run to warm up.

    Args:
        detector: The detector, on the device to be timed; its weights change.
        size: Side of the images in pixels.
        batch_size: Images of a training step; every second has no target.
        repeats: Timed repetitions.
        num_targets: Targets of 5 to 15 px on the other images.
    """
    batch = _batch(batch_size, size, num_targets, next(detector.parameters()).device)
    optimizer = torch.optim.SGD(detector.parameters(), lr=1e-6)
    assigning = _listen(detector)

    def train_step() -> None:
        total, _ = detector.parse_losses(detector(**batch, mode="loss"))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()

    detector.train()
    train_step()
    steps, shares = [], []
    for _ in range(repeats):
        assigning.clear()
        steps.append(_seconds(train_step))
        shares.append(sum(assigning) / steps[-1])

    detector.eval()
    one = dict(inputs=batch["inputs"][:1], data_samples=batch["data_samples"][:1])
    with torch.no_grad():
        detector(**one, mode="predict")
        latencies = [_seconds(lambda: detector(**one, mode="predict")) for _ in range(repeats)]
    return Speed(
        batch_size / statistics.median(steps),
        statistics.median(shares),
        statistics.median(latencies),
    )


def _listen(detector: BaseDetector) -> list[float]:
    """Let the assigners write down the seconds that each of their calls takes."""
    seconds: list[float] = []
    for assigner in find_assigners(detector).values():
        name = "assign_batch" if hasattr(assigner, "assign_batch") else "assign"
        setattr(assigner, name, _timed(getattr(assigner, name), seconds))
    return seconds


def _timed(assign: Callable, seconds: list[float]) -> Callable:
    def timed(*args, **kwargs):
        results = []
        seconds.append(_seconds(lambda: results.append(assign(*args, **kwargs))))
        return results[0]

    return timed


def _batch(batch_size: int, size: int, num_targets: int, device: torch.device) -> dict:
    generator = torch.Generator().manual_seed(0)
    samples = []
    for i in range(batch_size):
        count = 0 if i % 2 else num_targets
        corners = torch.rand(count, 2, generator=generator) * (size - 16)
        sides = torch.rand(count, 2, generator=generator) * 10 + 5
        shapes = dict.fromkeys(
            ("img_shape", "ori_shape", "pad_shape", "batch_input_shape"), (size, size)
        )
        sample = DetDataSample(metainfo=dict(**shapes, scale_factor=(1.0, 1.0)))
        sample.gt_instances = InstanceData(
            bboxes=torch.cat([corners, corners + sides], dim=1).to(device),
            labels=torch.zeros(count, dtype=torch.long, device=device),
        )
        samples.append(sample)
    images = torch.randn(batch_size, 3, size, size, generator=generator).to(device)
    return dict(inputs=images, data_samples=samples)


def _seconds(run: Callable[[], object]) -> float:
    _wait()
    start = time.perf_counter()
    run()
    _wait()
    return time.perf_counter() - start


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
