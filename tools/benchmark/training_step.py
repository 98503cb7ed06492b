"""Time one training iteration of RetinaNet with the stock assigner and with ADLA, in one run.

The configs are those of AI-TOD, R18 at 800 x 800 pixels: forward, losses, backward and the
optimizer's step on random images with random objects, the variants one after the other in turns.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from assigners import make_objects
from measured import measure
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from rich.console import Console
from rich.table import Table

from adla.config_file import load_config
from adla.engine.assigners import find_assigners

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "retinanet"
STOCK = "retinanet_r18_fpn_1x_aitod.py"
ADLA = "retinanet_r18_fpn_adla-1x_aitod.py"
#: Name -> config and what is changed in it.
VARIANTS: dict[str, tuple[str, dict]] = {
    "stock": (STOCK, {}),
    "dense ADLA": (ADLA, {"model.train_cfg.assigner.engine": "dense"}),
    "sparse ADLA": (ADLA, {"model.train_cfg.assigner.engine": "auto"}),
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, nargs="+", default=[10, 300, 2500])
    parser.add_argument("--size", type=int, default=800, help="side of the image in pixels")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="of torch on the CPU")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def build(name: str, options: dict, device: str) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """Build the detector of a config without pretrained weights, and its optimizer."""
    cfg = load_config(CONFIGS / name, options)
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).to(device).train()
    model.init_weights()
    for assigner in find_assigners(model).values():
        if hasattr(assigner, "set_progress"):
            assigner.set_progress(0.75)  # alpha is alpha0: the predictions weigh in
    return model, torch.optim.SGD(model.parameters(), lr=1e-6)


def make_batch(size: int, objects: int, args: argparse.Namespace) -> tuple[torch.Tensor, list]:
    """Return an image (1, 3, size, size) and its data sample."""
    chance = torch.Generator().manual_seed(args.seed)
    image = torch.randn(1, 3, size, size, generator=chance).to(args.device)
    sample = DetDataSample(
        metainfo={"img_shape": (size, size), "pad_shape": (size, size), "scale_factor": (1.0, 1.0)}
    )
    labels = torch.zeros(objects, dtype=torch.long)
    sample.gt_instances = InstanceData(
        bboxes=make_objects(objects, size, chance), labels=labels
    ).to(args.device)
    return image, [sample]


def main() -> None:
    """Measure, and print the table."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    table = Table(title=f"seconds a training iteration, 1 image of {args.size} px, {args.device}")
    for column in ("objects", *VARIANTS, "sparse / stock"):
        table.add_column(column, justify="right")
    models = {name: build(*variant, args.device) for name, variant in VARIANTS.items()}
    for objects in args.objects:
        image, samples = make_batch(args.size, objects, args)

        def step(name: str, image=image, samples=samples) -> None:
            model, optimizer = models[name]
            losses = model(image, samples, mode="loss")
            optimizer.zero_grad()
            model.parse_losses(losses)[0].backward()
            optimizer.step()

        repeats = max(args.repeats // 3, 1) if objects > 1000 else args.repeats
        seconds = dict.fromkeys(VARIANTS, float("inf"))
        for turn in range(repeats + 1):
            for name in VARIANTS:
                cost = measure(lambda name=name: step(name), 1, args.device)
                if turn:  # the first turn warms up
                    seconds[name] = min(seconds[name], cost.seconds)
        ratio = seconds["sparse ADLA"] / seconds["stock"]
        table.add_row(f"{objects:,}", *(f"{s:.2f}" for s in seconds.values()), f"{ratio:.3f}")
        Console().print(table)


if __name__ == "__main__":
    main()
