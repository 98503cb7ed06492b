"""Whether every row of a table learns: light variants side by side, one failure stops no other."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .progress import end_with
from .selection import find_rows
from .smoke_config import BATCH, choose_images, smoke_config
from .smoke_run import SmokeResult
from .tables import Row, Table

#: Iterations of a row that is fast enough, and seconds of a row beside its training.
ITERATIONS, OVERHEAD = 200, 45


@dataclass
class SmokeRow:
    """A row to try.

    Attributes:
        table: Name of its table.
        row: The row.
        folder: Where its light variant lies.
        result: What it came to; None if it failed, or has not run.
        problem: Why there is no result.
        slow: Whether an iteration takes several times as long as most rows'.
    """

    table: str
    row: Row
    folder: Path
    result: SmokeResult | None = None
    problem: str = ""
    slow: bool = False

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.table} {self.row.name}"

    @property
    def verdict(self) -> str:
        """In a few words, what the result says."""
        if self.result is None:
            return self.problem or self.row.status or "not run"
        if self.result.learned:
            return "learns"
        return "finds nothing" if self.result.last < self.result.first else "the loss does not fall"


@dataclass
class Smoke:
    """Tries rows.

    Attributes:
        load: Reads the config of a row, the row's options in it.
        data_root: Folder of a converted HIT-UAV.
        work_dir: Where everything lies.
        minutes: Of all rows together. Each row has the same share of those that are left when it
            starts, and what learns slowly starts last: most others do not need theirs.
        jobs: Rows at a time, a thread each.
        say: Shows one line.
    """

    load: Callable[[Row], Config]
    data_root: Path
    work_dir: Path
    minutes: float = 90
    jobs: int = 2
    say: Callable[[str], None] = lambda line: None
    _images: Path = field(init=False)

    def __post_init__(self) -> None:
        self._images = self.work_dir.resolve() / "images.json"

    def run(self, tables: Sequence[Table]) -> list[SmokeRow]:
        """Try all rows of tables that have a config; what learned before is not repeated."""
        rows = [
            SmokeRow(table.name, row, self.work_dir.resolve() / table.name / row.name)
            for table in tables
            for row in table.rows
        ]
        choose_images(self.data_root / "train.json", self._images)
        waiting = [row for row in rows if row.row.config and not self._prepare(row)]
        waiting.sort(key=lambda row: row.slow)
        end = time.monotonic() + 60 * self.minutes
        running: dict[subprocess.Popen, tuple[SmokeRow, float]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.jobs:
                    left = max(0.0, end - time.monotonic())
                    share = left * min(1, self.jobs / len(waiting))
                    row = waiting.pop(0)
                    limit = time.monotonic() + 2 * share + 4 * OVERHEAD
                    running[self._start(row, share)] = row, limit
                time.sleep(0.2)
                for process in [one for one in running if one.poll() is not None]:
                    self._finish(running.pop(process)[0], process.returncode)
                for process, (_, limit) in running.items():
                    if time.monotonic() > limit:
                        process.kill()
        finally:
            for process in running:
                process.terminate()
        return rows

    def _prepare(self, row: SmokeRow) -> bool:
        """Write the light variant of a row; return whether there is nothing to run."""
        try:
            config = smoke_config(self.load(row.row), self.data_root.resolve(), self._images,
                                  ITERATIONS)  # fmt: skip
            text = config.pretty_text
            digest = hashlib.sha256(text.encode() + self._images.read_bytes()).hexdigest()
        except Exception as error:  # whatever is wrong with one row stops no other
            row.problem = f"no light variant: {type(error).__name__}: {error}".splitlines()[0]
            self.say(f"{row.name}: {row.problem}")
            return True
        row.slow = config.train_dataloader.batch_size < BATCH
        done = row.folder / "result.json"
        mark = row.folder / "digest"
        if done.is_file() and mark.is_file() and mark.read_text() == digest:
            earlier = SmokeResult(**json.loads(done.read_text()))
            if earlier.learned:
                row.result = earlier
                self.say(f"{row.name}: already done, {describe(row)}")
                return True
        shutil.rmtree(row.folder, ignore_errors=True)
        row.folder.mkdir(parents=True)
        (row.folder / "config.py").write_text(text, encoding="utf-8")
        mark.write_text(digest)
        return False

    def _start(self, row: SmokeRow, share: float) -> subprocess.Popen:
        seconds = max(share / 4, share - OVERHEAD)
        command = [sys.executable, "-m", "adla.experiments.smoke_run",
                   str(row.folder / "config.py"), f"{seconds:.0f}"]  # fmt: skip
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        with (row.folder / "output.log").open("w") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **threads},
                preexec_fn=partial(end_with, os.getpid()),
            )  # fmt: skip

    def _finish(self, row: SmokeRow, code: int) -> None:
        log = row.folder / "output.log"
        if code == 0:
            content: dict[str, Any] = json.loads((row.folder / "result.json").read_text())
            row.result = SmokeResult(**content)
        else:
            lines = [one.strip() for one in log.read_text(errors="replace").splitlines()]
            last = next((line for line in reversed(lines) if line), "no output")
            row.problem = "took too long" if code == -9 else f"crashed: {last}; see {log}"
        self.say(f"{row.name}: {describe(row)}")


def describe(row: SmokeRow) -> str:
    """Say in a line what came of a row."""
    found = row.result
    if found is None:
        return row.verdict
    return (
        f"{row.verdict}: loss {found.first:.3g} -> {found.last:.3g}, AP {found.ap:.1f}, AP50 "
        f"{found.ap50:.1f}, {found.iterations} iterations in {found.seconds:.0f} s"
    )


def render_smoke(rows: Sequence[SmokeRow]) -> str:
    """Return all rows as a Markdown table."""
    head = "| table | row | loss, first tenth | last tenth | AP | AP50 | iterations | |"
    lines = [head, "|" + "---|" * 8]
    for row in rows:
        found = row.result
        numbers = ["", "", "", "", ""]
        if found:
            numbers = [f"{found.first:.3g}", f"{found.last:.3g}", f"{found.ap:.1f}",
                       f"{found.ap50:.1f}", f"{found.iterations}"]  # fmt: skip
        cells = [row.table, row.row.label, *numbers, row.verdict.split(";")[0]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def select_rows(table: Table, names: Sequence[str]) -> Table:
    """Return a table with some of its rows, all of them where no name is given.

    Raises:
        ValueError: If a name is none of its rows.
    """
    return replace(table, rows=tuple(find_rows(table, names)))
