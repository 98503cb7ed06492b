"""Write the tested runs of tables to `configs/measured/`, which ``adla table show`` reads."""

import argparse
import sys
from pathlib import Path

from adla.atomic_files import atomic_file
from adla.experiments.recorded import Recorded, read_recorded, recorded_file, render_recorded
from adla.experiments.results import collect
from adla.experiments.selection import find_table
from adla.experiments.tables import load_tables
from adla.installed_files import find_root


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", help="such as light-hit-uav")
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/benchmark"))
    return parser.parse_args()


def record(name: str, work_dir: Path, configs: Path) -> str:
    """Add the tested runs of a table to its file, each in the place of an older one.

    Returns:
        What was written.
    """
    table = find_table(load_tables(configs / "paper_tables.yml"), name)
    file = recorded_file(configs, table.name)
    known = {(run.row, run.seed): run for run in read_recorded(file)}
    lines, problems = collect(table, work_dir.resolve(), {}, {}, configs)
    if problems:
        raise ValueError(problems[0])
    new = [line for line in lines if line.state == "tested"]
    for line in new:
        run = Recorded(line.row.name, int(line.seed), line.commits, line.ours)
        known[run.row, run.seed] = run
    rows = [row.name for row in table.rows]
    runs = sorted(known.values(), key=lambda run: (rows.index(run.row), run.seed))
    with atomic_file(file) as stream:
        stream.write(render_recorded(runs))
    return f"{file}: {len(runs)} runs, {len(new)} of them from {work_dir}"


def main() -> None:
    """Record tables."""
    args = parse_args()
    try:
        for name in args.tables:
            print(record(name, args.work_dir, find_root() / "configs"))
    except (ValueError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
