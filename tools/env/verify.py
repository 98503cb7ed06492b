"""Check, inside the environment, that the stack imports, runs an op and holds one OpenCV."""

import argparse
import shutil
import subprocess
import sys


def check_ops() -> None:
    """Run non-maximum suppression on every device mmcv was built for."""
    import torch
    from mmcv.ops import get_compiling_cuda_version, nms

    built_for_cuda = get_compiling_cuda_version() != "not available"
    has_cuda = torch.cuda.is_available()
    if has_cuda and shutil.which("nvcc") and not built_for_cuda:
        sys.exit("mmcv was built without CUDA ops, though there is a CUDA device and nvcc")
    for device in ("cpu", "cuda") if has_cuda and built_for_cuda else ("cpu",):
        boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.0]], device=device)
        scores = torch.tensor([0.9, 0.8], device=device)
        kept, _ = nms(boxes, scores, 0.5)
        if len(kept) != 1:
            sys.exit(f"mmcv's nms keeps {len(kept)} of 2 equal boxes on {device}")


def check_packages(left_out: list[str]) -> None:
    """Fail on any complaint of ``pip check`` but those about what is left out on purpose."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"]
    result = subprocess.run(command, capture_output=True, text=True)
    known = tuple(f" requires {name}, which is not installed." for name in left_out)
    complaints = [
        line
        for line in result.stdout.splitlines()
        if not line.endswith(known) and not line.startswith("No broken requirements")
    ]
    if complaints:
        sys.exit("pip check: " + "; ".join(complaints))


def main() -> None:
    """Check the ops, then, unless ``--ops`` is given, everything else."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ops", action="store_true", help="check the compiled ops only")
    parser.add_argument("--left-out", action="append", default=[], help="a known complaint")
    args = parser.parse_args()
    check_ops()
    if args.ops:
        return
    import cv2
    import mmcv
    import mmdet
    import mmengine
    import torch

    import adla

    check_packages(args.left_out)
    modules = (torch, cv2, mmengine, mmcv, mmdet, adla)
    print(", ".join(f"{module.__name__} {module.__version__}" for module in modules))


if __name__ == "__main__":
    main()
