"""Measure m and n of SimD: on a config's training images, with its anchors.

Example: ``python tools/analysis/similarity_scales.py CONFIG``
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmdet.registry import DATASETS
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import Config, DictAction
from mmengine.logging import MMLogger
from mmengine.runner import set_random_seed
from numpy import ndarray
from rich.progress import track

from adla.cli.mmdet_script import suggest
from adla.config_file import load_config
from adla.dataset_check.object_sizes import similarity_scales
from adla.dataset_check.priors import config_priors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, help="config file")
    parser.add_argument("--images", type=int, help="measure on so many images, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the pipeline's random steps")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, help="as in adla train")
    return parser.parse_args()


def training_images(cfg: Config, count: int | None) -> Iterator[tuple[ndarray, ndarray]]:
    """Yield the boxes and the padded size of training images, sent through their pipeline."""
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    chosen = np.random.permutation(len(dataset))[:count]
    divisor = (cfg.model.get("data_preprocessor") or {}).get("pad_size_divisor", 1)
    for index in track(chosen, description="training images", transient=True):
        data = dataset[int(index)]
        boxes = get_box_tensor(data["data_samples"].gt_instances.bboxes).double().numpy()
        extent = np.array(data["inputs"].shape[:0:-1])
        yield boxes, np.ceil(extent / divisor) * divisor


def main() -> int:
    """Measure and print the two numbers as a config wants them."""
    args = parse_args()
    MMLogger.get_current_instance().setLevel("ERROR")
    set_random_seed(args.seed)
    try:
        cfg = load_config(args.config, args.cfg_options)
        priors = config_priors(cfg.model)
        if priors is None:
            raise ValueError(f"{args.config}: the head has no anchors to compare objects with")
        scales = similarity_scales(training_images(cfg, args.images), priors)
    except (ValueError, OSError) as error:
        print(f"similarity_scales: {error}{suggest(str(error))}", file=sys.stderr)
        return 2
    print(f'dict(type="SimDOverlaps2D", m={scales.m:.3f}, n={scales.n:.3f})')
    print(f"{scales.pairs:,} pairs of ground truth and anchor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
