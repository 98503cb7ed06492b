"""Count the positives of objects by size, and the objects without any, for assignments of configs.

The configs must train on the same images; no network is built. Example:
``python tools/analysis/positives_by_size.py AT_CONFIG RFLA_CONFIG --images 400``
"""

import argparse
import sys
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.logging import MMLogger
from mmengine.runner import set_random_seed
from rich.table import Table

from adla.cli.mmdet_script import suggest
from adla.config_file import load_config
from adla.dataset_check.output import page
from adla.dataset_check.positives_by_size import PositiveCounter, Positives, training_samples


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configs", type=Path, nargs="+", help="config files")
    parser.add_argument("--images", type=int, help="so many images, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the pipeline's random steps")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, help="as in adla train")
    return parser.parse_args()


def count(configs: list[Config], images: int | None) -> list[dict[str, Positives]]:
    """Return the table of each config, all on the same images.

    Raises:
        ValueError: If the configs train on other images, or there is no object.
    """
    first, *others = configs
    for cfg in others:
        if cfg.train_dataloader.dataset != first.train_dataloader.dataset:
            raise ValueError(f"{cfg.filename} has another training set than {first.filename}")
    counters = [PositiveCounter(cfg) for cfg in configs]
    for sample in training_samples(first, images):
        for counter in counters:
            counter.add(sample)
    tables = [counter.table() for counter in counters]
    if not tables[0]["all"].objects:
        raise ValueError(f"no training image of {first.filename} has an object")
    return tables


def as_table(configs: list[Config], tables: list[dict[str, Positives]]) -> Table:
    """Return the page: one row a config, one column a size bin."""
    bins = [name for name, found in tables[0].items() if found.objects]
    table = Table(title="positives per object (objects without any, %)")
    table.add_column("config", overflow="fold")
    for name in bins:
        table.add_column(f"{name}: {tables[0][name].objects:,}", justify="right")
    for cfg, found in zip(configs, tables, strict=True):
        cells = [
            f"{x.positives / x.objects:.1f} ({100 * x.without / x.objects:.1f})"
            for x in (found[name] for name in bins)
        ]
        table.add_row(Path(cfg.filename).stem, *cells)
    return table


def main() -> int:
    """Count and print."""
    args = parse_args()
    MMLogger.get_current_instance().setLevel("ERROR")
    set_random_seed(args.seed)
    try:
        configs = [load_config(path, args.cfg_options) for path in args.configs]
        table = as_table(configs, count(configs, args.images))
    except (ValueError, OSError) as error:
        print(f"positives_by_size: {error}{suggest(str(error))}", file=sys.stderr)
        return 2
    page(sys.stdout).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
