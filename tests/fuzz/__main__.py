"""Run the campaign and print a table: ``python -m tests.fuzz --cases 10000``."""

import argparse
import logging
import resource
import sys
import tempfile
import time
from pathlib import Path

import torch
from mmengine.logging import MMLogger
from rich.console import Console
from rich.table import Table

from .campaign import run
from .readers import readers

#: Address space in bytes that a reader may not leave; torch alone takes half of it.
MEMORY = 8 << 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10000, help="in all (default: 10000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="readers whose names hold this")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    torch.set_num_threads(1)
    MMLogger.get_current_instance().setLevel(logging.CRITICAL)
    chosen = [reader for reader in readers() if args.only in reader.name]
    table = Table("reader", "cases", "read", "one message", "wrong", "seconds")
    wrong, totals = [], [0] * 4
    for reader in chosen:
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            tally = run(reader, Path(folder) / "f", -(-args.cases // len(chosen)), args.seed)
        counts = [tally.cases, tally.read, tally.refused, tally.wrong.total()]
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
        table.add_row(reader.name, *map(str, counts), f"{time.perf_counter() - begin:.0f}")
        for fault, count in tally.wrong.items():
            wrong.append(
                f"{reader.name}: {count} x {fault}, first at {tally.examples[fault][:300]!r}"
            )
    table.add_section()
    table.add_row("all", *map(str, totals), "")
    Console(width=100).print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{peak} MiB of memory at the most", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
