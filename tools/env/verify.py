"""Check, inside the environment, that the stack imports, runs an op and lacks no package."""

import subprocess
import sys

# pip is right that these are not installed: see the head of requirements/pins.txt.
LEFT_OUT = ("opencv-python", "imagecorruptions-imaug")


def check_ops() -> None:
    """Run mmcv's non-maximum suppression on every device there is."""
    import torch
    from mmcv.ops import nms

    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.0]], device=device)
        scores = torch.tensor([0.9, 0.8], device=device)
        kept, _ = nms(boxes, scores, 0.5)
        if len(kept) != 1:
            sys.exit(f"mmcv's nms keeps {len(kept)} of 2 equal boxes on {device}")


def check_packages() -> None:
    """Fail on any complaint of ``pip check`` but those about what is left out on purpose."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    known = tuple(f" requires {name}, which is not installed." for name in LEFT_OUT)
    complaints = [line for line in lines if not line.endswith((*known, "requirements found."))]
    if complaints:
        sys.exit("pip check: " + "; ".join(complaints))


if __name__ == "__main__":
    from adla import datasets, engine, evaluation, models  # noqa: F401  with all beneath them

    check_ops()
    check_packages()
