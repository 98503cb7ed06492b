"""Time of mmcv's ops, called as mmdet calls them, beside torchvision called directly, in one run.

The two are called in turn on the same inputs, forward and backward where there is a gradient; what
they return is compared first. The figures are medians.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections.abc import Callable

import torch
import torchvision
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.functional import one_hot

import adla  # noqa: F401  gives mmcv its ops

from mmcv import ops  # isort: skip

Call = Callable[[], list[Tensor]]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boxes", type=int, default=3000, help="of the NMS")
    parser.add_argument("--regions", type=int, default=256, help="of the RoIAlign")
    parser.add_argument("--priors", type=int, default=50_000, help="of the focal loss")
    parser.add_argument("--repeats", type=int, default=25, help="of each measurement")
    parser.add_argument("--threads", type=int, default=1, help="of torch on the CPU")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, help="fail where a ratio is above this")
    return parser.parse_args()


def make_boxes(count: int, size: float, chance: torch.Generator) -> Tensor:
    """Return boxes (N, 4), xyxy in pixels, with sides of up to a tenth of the image."""
    corners = torch.rand(count, 2, generator=chance) * size
    return torch.cat([corners, corners + torch.rand(count, 2, generator=chance) * size / 10], dim=1)


def with_gradients(call: Callable[..., Tensor], *inputs: Tensor) -> Call:
    """Return a call that gives the output and the gradients of all inputs."""

    def run() -> list[Tensor]:
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        output = call(*leaves)
        return [output, *torch.autograd.grad(output.sum(), leaves)]

    return run


def pairs(args: argparse.Namespace) -> dict[str, tuple[Call, Call]]:
    """Return what is measured: mmcv's op and torchvision's."""
    chance = torch.Generator().manual_seed(args.seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=chance).to(args.device)

    boxes = make_boxes(args.boxes, 800, chance).to(args.device)
    scores = torch.rand(args.boxes, generator=chance).to(args.device)
    regions = make_boxes(args.regions, 800, chance).to(args.device)
    regions = torch.cat([torch.zeros_like(regions[:, :1]), regions], dim=1)
    maps = normal(1, 256, 200, 200)
    convolution = normal(2, 64, 64, 64), normal(2, 18, 64, 64), normal(2, 9, 64, 64).sigmoid()
    weight, bias = normal(64, 64, 3, 3), normal(64)
    logits = normal(args.priors, 8)
    targets = torch.randint(0, 9, (args.priors,), generator=chance).to(args.device)
    return {
        f"NMS, {args.boxes:,} boxes": (
            lambda: [ops.nms(boxes, scores, 0.5)[1]],
            lambda: [torchvision.ops.nms(boxes, scores, 0.5)],
        ),
        f"RoIAlign, {args.regions:,} regions": (
            with_gradients(lambda x: ops.roi_align(x, regions, (7, 7), 0.25, 0, "avg", True), maps),
            with_gradients(
                lambda x: torchvision.ops.roi_align(x, regions, (7, 7), 0.25, 0, True), maps
            ),
        ),
        "DCN v2, 2 x 64 x 64 x 64": (
            with_gradients(
                lambda x, offset, mask, w, b: ops.modulated_deform_conv2d(
                    x, offset, mask, w, b, 1, 1, 1, 1, 1
                ),
                *convolution,
                weight,
                bias,
            ),
            with_gradients(
                lambda x, offset, mask, w, b: torchvision.ops.deform_conv2d(
                    x, offset, w, b, 1, 1, 1, mask
                ),
                *convolution,
                weight,
                bias,
            ),
        ),
        f"focal loss, {args.priors:,} x 8": (
            with_gradients(
                lambda x: ops.sigmoid_focal_loss(x, targets, 2.0, 0.25, None, "sum"), logits
            ),
            with_gradients(
                lambda x: torchvision.ops.sigmoid_focal_loss(
                    x, one_hot(targets, 9)[:, :8].to(x), 0.25, 2.0, "sum"
                ),
                logits,
            ),
        ),
    }


def measure_in_turn(calls: tuple[Call, Call], repeats: int, device: str) -> tuple[float, float]:
    """Return the median seconds of two calls that alternate, after one of each."""
    for found, wanted in zip(*(call() for call in calls), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for call, times in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call()
            if device != "cpu":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def main() -> None:
    """Measure, and print the table."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    table = Table(title="ms: forward, and backward where there is a gradient")
    for column in ("op", "mmcv's op", "torchvision", "ratio"):
        table.add_column(column, justify="left" if column == "op" else "right")
    ratios = {}
    for name, calls in pairs(args).items():
        ours, direct = measure_in_turn(calls, args.repeats, args.device)
        ratios[name] = ours / direct
        table.add_row(name, f"{ours * 1e3:.1f}", f"{direct * 1e3:.1f}", f"{ours / direct:.2f}x")
    console = Console(width=100)
    console.print(table)
    path = getattr(importlib.import_module("mmcv._ext"), "__file__", None)
    console.print(
        f"mmcv's ops are {'compiled' if path else 'those of adla.compat'}; torch "
        f"{torch.__version__}, torchvision {torchvision.__version__}, {args.device}, "
        f"{args.threads} threads, seed {args.seed}, medians of {args.repeats}"
    )
    above = [name for name, ratio in ratios.items() if args.limit and ratio > args.limit]
    if above:
        raise SystemExit(f"above {args.limit}x: {'; '.join(above)}")


if __name__ == "__main__":
    main()
