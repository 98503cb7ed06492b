"""Step a2: every op of mmcv on the device against fp32 on the CPU, in three precisions."""

from __future__ import annotations

import torch
from compare_ops import difference
from op_cases import CASES, Draw, Results

from .step import Job

#: Precision -> type, and the largest difference, relative to the largest value, that is expected.
PRECISIONS = {
    "fp32": (torch.float32, 1e-4),
    "fp16": (torch.float16, 5e-3),
    "bf16": (torch.bfloat16, 4e-2),
}
#: Op -> why it may be further apart in 16 bits.
KNOWN = {
    "roi_align, max": "mmcv's roi_align keeps the place of a maximum in the type of the input, so "
    "in 16 bits the gradient of pool_mode='max' goes to a rounded place; no config uses it",
}


def compare(found: Results, wanted: Results, tolerance: float) -> tuple[float | None, str]:
    """Return the largest relative difference of an op's results, and a verdict."""
    worst, verdict = 0.0, "same"
    for key, value in found.items():
        apart = difference(value.cpu(), wanted[key])
        if apart is None:
            return None, f"{key}: {tuple(value.shape)} instead of {tuple(wanted[key].shape)}"
        worst = max(worst, apart.relative)
        if not apart.relative <= tolerance:  # NaN counts as too far
            return apart.relative, f"{key} is beyond {tolerance:g}"
    return worst, verdict if worst == 0 else "close"


def main() -> None:
    """Compare all ops, the precision that most trainings use first."""
    job = Job()
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    far = 0
    for precision, (dtype, tolerance) in PRECISIONS.items():
        for name, case in CASES.items():
            if job.left() <= 0:
                job.late(f"out of time at {name} in {precision}")
                return
            wanted = case(Draw("cpu", rounded_to=dtype))
            found = job.attempt(
                f"{name} in {precision}", lambda c=case, d=dtype: c(Draw(job.device, d))
            )
            apart, verdict = (
                (None, found) if isinstance(found, str) else compare(found, wanted, tolerance)
            )
            if verdict not in ("same", "close"):
                far += precision == "fp32" or name not in KNOWN
                job.note(KNOWN.get(name, f"{name} in {precision}: {verdict}"))
            job.row(op=name, precision=precision, relative_difference=apart, verdict=verdict)
            job.say(f"{len(job.record.rows)} ops compared, {far} too far apart or with an error")


if __name__ == "__main__":
    main()
