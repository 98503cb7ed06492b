"""Draw which anchors the sparse assignment compares with one object of a generated scene."""

import argparse

import torch

from adla.visualization.candidates import save_candidates

# After adla, which provides mmcv's ops.
from mmdet.models.task_modules import AnchorGenerator  # isort: skip

STRIDES = {"P3": 8, "P4": 16, "P5": 32}


def main() -> None:
    """Draw 300 random objects of AI-TOD's size at 800 x 800 px, and one of them enlarged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", default="docs/images/candidates.png")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    generator = AnchorGenerator(
        strides=list(STRIDES.values()),
        ratios=[0.5, 1.0, 2.0],
        octave_base_scale=2,
        scales_per_octave=3,
    )
    maps = generator.grid_priors([(800 // s, 800 // s) for s in STRIDES.values()], device="cpu")
    ends = torch.tensor([len(anchors) for anchors in maps]).cumsum(0).tolist()
    levels = {
        name: slice(end - len(anchors), end)
        for name, end, anchors in zip(STRIDES, ends, maps, strict=True)
    }
    chance = torch.Generator().manual_seed(args.seed)
    sides = (12.8 + 5.9 * torch.randn(300, 2, generator=chance)).clamp(2, 64)
    corners = torch.rand(300, 2, generator=chance) * (800 - sides)
    gts = torch.cat([corners, corners + sides], dim=1)
    chosen = int((gts - 400).abs().sum(dim=1).argmin())
    print(save_candidates(args.out, torch.cat(maps), gts, chosen, levels))


if __name__ == "__main__":
    main()
