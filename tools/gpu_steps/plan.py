"""The steps in the order of their worth, and how long each may take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        letter: What ``--only`` calls it; steps of one letter belong together.
        name: Name of its files.
        module: Its module in this package.
        title: What it measures.
        share: Weight of its part of the time that is left.
        least: Seconds without which it is not started.
        flags: Arguments of its own.
    """

    letter: str
    name: str
    module: str
    title: str
    share: float
    least: float
    flags: tuple[str, ...] = ()


STEPS = (
    Step("a", "a1_device", "device", "device, versions and what answers for mmcv's ops", 0.5, 30),
    Step("a", "a2_ops", "ops", "mmcv's ops against the CPU in fp32, fp16 and bf16", 1, 60),
    Step("b", "b_tests", "gpu_tests", "the tests marked gpu", 2, 60),
    Step("c", "c_assigners", "assigners", "time, memory and host syncs of the assigners", 2, 60),
    Step("d", "d_steps", "training_steps", "a training step of RetinaNet and Faster R-CNN", 2, 60),
    Step("e", "e1_msla_s", "msla", "MSLA-YOLOv8-s on SIRST-V2", 4, 60, ("--model", "s")),
    Step("e", "e2_msla_n", "msla", "MSLA-YOLOv8-n on SIRST-V2", 3, 60, ("--model", "n")),
    Step("f", "f_hit_uav", "hit_uav", "RetinaNet R50 on HIT-UAV, fixed and ADLA", 4, 90),
)
#: Seconds kept for writing the summary and for ending a process.
RESERVE = 5.0


def choose(only: str | None) -> list[Step]:
    """Return the steps of some letters, such as 'a,c'; the device is always looked at first.

    Raises:
        ValueError: If a letter is none of a step.
    """
    if only is None:
        return list(STEPS)
    letters = [letter.strip() for letter in only.split(",")]
    known = {step.letter for step in STEPS}
    if wrong := sorted(set(letters) - known):
        raise ValueError(f"--only takes letters of {', '.join(sorted(known))}, but got {wrong}")
    return [step for step in STEPS if step.letter in letters or step is STEPS[0]]


def time_limit(waiting: Sequence[Step], left: float) -> float:
    """Return the seconds that the first of the waiting steps may take; 0 if it must be skipped.

    It gets its share of the time that is left, so what an earlier step did not use goes to those
    after it; at least `Step.least`.

    Args:
        waiting: The step that is next, and those after it.
        left: Seconds until the end of the whole run.
    """
    step, left = waiting[0], left - RESERVE
    if left < step.least:
        return 0.0
    fair = left * step.share / sum(other.share for other in waiting)
    return max(step.least, fair)
