"""Step a1: the device, the versions, what answers for mmcv's ops, and what is missing."""

from __future__ import annotations

import os
from importlib.util import find_spec

import torch

from adla import env

from .records import NO_DEVICE
from .step import Job, first_line

#: What adla, its configs' data pipelines and the tests import.
NEEDED = (
    "torchvision", "numpy", "cv2", "PIL", "matplotlib", "scipy", "shapely", "pycocotools",
    "hotcoco", "yaml", "rich", "tqdm", "addict", "yapf", "termcolor", "terminaltables", "imaug",
    "mmengine", "mmcv", "mmdet", "pytest", "hypothesis",
)  # fmt: skip


def missing_packages() -> list[str]:
    """Return the names of packages that are not there."""
    return [name for name in NEEDED if find_spec(name) is None]


def main() -> None:
    """Write the report; end the whole check where the device is not there."""
    job = Job()
    found = [*env.versions(), ("family", env.family()), *env.devices(), ("mmcv's ops", env.ops())]
    for label, value in found:
        job.row(of=label, value=value)
    job.row(of="precision of matmul", value=torch.get_float32_matmul_precision())
    job.row(of="TF32 in convolutions", value=torch.backends.cudnn.allow_tf32)
    job.row(of="cores of this process", value=len(os.sched_getaffinity(0)))
    if missing := missing_packages():
        job.note(f"missing: {', '.join(missing)}; what needs them fails or is skipped")
    if job.device == "cpu":
        job.say("no GPU is used, everything is small")
        return
    try:
        value = torch.ones(2, device=job.device).sum().item()
    except (RuntimeError, AssertionError) as error:
        job.record.state = NO_DEVICE
        job.say(f"no {job.device} here ({first_line(error)}): --device cpu runs everything small")
        return
    job.say(f"{job.record.device} computes 1 + 1 = {value:g}")


if __name__ == "__main__":
    main()
