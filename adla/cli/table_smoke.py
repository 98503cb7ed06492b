"""Try every row of some tables in a light variant: does its loss fall, does it find anything?

A row is trained for minutes on some images of HIT-UAV, on one core, and tested on the same
images: this shows that rows work, and not how good they are. Exit code: 0 all learn, 1 one does
not. A row that learned is not repeated, so a second call gives its minutes to the others.
Example: ``adla table smoke III IV --minutes 90``
"""

import argparse
from pathlib import Path

from rich.console import Console

from adla.experiments.run_config import load_run_config
from adla.experiments.runs import make_run
from adla.experiments.selection import find_table
from adla.experiments.tables import Table
from adla.installed_files import find_root

from .mmdet_imports import import_mmdet

#: The comparison tables of the ADLA paper.
TABLES = ("III", "IV")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``adla table smoke``."""
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="default: III and IV")
    parser.add_argument("--rows", nargs="+", default=[], help="only these rows of the tables")
    parser.add_argument(
        "--work-dir", type=Path, default=Path("work_dirs/smoke"), help="where runs lie"
    )
    parser.add_argument(
        "--data", type=Path, default=Path("data/hit-uav"), help="folder of a converted HIT-UAV"
    )
    parser.add_argument(
        "--minutes", type=float, default=90, help="of all rows that are not done (default: 90)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="rows at a time, one core each")


def try_rows(args: argparse.Namespace, tables: dict[str, Table], console: Console) -> int:
    """Try the rows and print what came of them.

    Raises:
        FileNotFoundError: If the data set is not there.
        ValueError: If a table or a row is unknown, or a number is out of range.
    """
    if not (args.data / "train.json").is_file():
        raise FileNotFoundError(
            f"there is no {args.data / 'train.json'}: adla convert hit-uav SOURCE data/hit-uav "
            "--scale 0.5 makes it"
        )
    if args.minutes <= 0 or args.jobs < 1:
        raise ValueError(f"--minutes {args.minutes:g} --jobs {args.jobs}: both must be above 0")
    chosen = [find_table(tables, name) for name in args.tables or TABLES]
    import_mmdet()
    from adla.experiments.smoke import Smoke, render_smoke, select_rows

    configs = find_root() / "configs"
    smoke = Smoke(
        lambda row: load_run_config(configs, make_run(args.work_dir, row, 0, {})),
        args.data,
        args.work_dir,
        args.minutes,
        args.jobs,
        lambda line: console.print(line, highlight=False, soft_wrap=True, markup=False),
    )
    rows = smoke.run([select_rows(table, args.rows) for table in chosen])
    page = render_smoke(rows)
    (args.work_dir / "smoke.md").write_text(page + "\n", encoding="utf-8")
    print(f"\n{page}")
    tried = [row for row in rows if row.row.config]
    learned = sum(row.result is not None and row.result.learned for row in tried)
    console.print(f"\n{learned} of {len(tried)} rows learn", highlight=False)
    return int(learned < len(tried))
