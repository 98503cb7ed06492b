"""Say which targets the training pipeline of a config loses or shrinks, step by step."""

import argparse
import sys

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import DictAction
from mmengine.runner import set_random_seed
from rich.console import Console
from rich.progress import track
from rich.table import Table

from adla.config_file import load_config
from adla.dataset_check.lost_targets import StepLosses, measure_losses, training_pipelines


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument("--passes", type=int, default=1, help="how often each image is run")
    parser.add_argument("--min-side", type=float, default=2.0, help="limit in pixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="settings, key=value"
    )
    return parser.parse_args()


def table(title: str, steps: list[StepLosses], min_side: float) -> Table:
    """Return one row per step."""
    result = Table(title=title)
    columns = ("step", "images dropped", "targets", "lost", f"now below {min_side:g} px")
    for column in (
        *columns,
        "mixed in",
        f"of these below {min_side:g} px",
        "shorter side p5 / p50",
    ):
        result.add_column(column, justify="left" if column == "step" else "right")
    for step in steps:
        low, median = np.percentile(step.sides, [5, 50]) if step.sides else (np.nan, np.nan)
        result.add_row(
            step.name,
            str(step.dropped),
            str(step.targets),
            share(step.lost, step.targets),
            share(step.shrunk, step.targets),
            str(step.mixed_in),
            share(step.mixed_in_small, step.mixed_in),
            f"{low:.1f} / {median:.1f}",
        )
    return result


def share(count: int, total: int) -> str:
    """Write a count as a percentage of a total."""
    return f"{count / total:.1%}" if total else "-"


def main() -> None:
    """Build the data set of the config and print a table for each of its pipelines."""
    args = parse_args()
    set_random_seed(args.seed)
    console = Console()
    try:
        cfg = load_config(args.config, args.cfg_options)
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        pipelines = training_pipelines(cfg)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    for title, pipeline in pipelines.items():
        bar = iter(track(range(len(dataset) * args.passes), description=title, transient=True))
        steps = measure_losses(
            dataset, pipeline, args.min_side, args.passes, on_image=lambda bar=bar: next(bar, None)
        )
        console.print(table(title, steps, args.min_side))


if __name__ == "__main__":
    main()
