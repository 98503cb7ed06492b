"""A run: one row with one seed, where it writes, and how far it is."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from adla.folder_lock import FolderInUseError, lock_file

from .tables import Row


@dataclass(frozen=True)
class Run:
    """One training of a row, and its test.

    Attributes:
        row: The row.
        seed: Seed of the training.
        options: `--cfg-options`: those of the row, then those of the user.
        work_dir: Where everything about it lies. Rows of several tables that are the same config
            with the same options share it.
    """

    row: Row
    seed: int
    options: dict[str, Any]
    work_dir: Path

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{self.row.name} (seed {self.seed})"

    @property
    def record_file(self) -> Path:
        """The file that says how far it is."""
        return self.work_dir / "run.json"

    def lock(self) -> IO[str]:
        """Hold the run against other processes until what is returned is closed.

        Raises:
            FolderInUseError: If another one holds it.
        """
        return lock_file(self.work_dir / ".lock")


@dataclass
class Record:
    """How far a run is.

    Attributes:
        config: Its config.
        options: Its options.
        seed: Its seed.
        digest: Of its whole config, to notice when that has changed.
        stage: 'train' or 'test', the last that was started.
        failed: Whether that stage ended with an error.
        checkpoint: File name of the checkpoint of the finished training, None before.
        tested: Whether that checkpoint was tested.
        commits: Of the code that trained it, each once: more than one if a training was resumed
            with another; see :func:`adla.experiments.code_version.code_version`.
    """

    config: str
    options: dict[str, Any]
    seed: int
    digest: str
    stage: str = "train"
    failed: bool = False
    checkpoint: str | None = None
    tested: bool = False
    commits: list[str] = field(default_factory=list)


def make_run(root: Path, row: Row, seed: int, options: dict[str, Any]) -> Run:
    """Return the run of a row.

    Args:
        root: Folder of all runs.
        row: A row that has a config.
        seed: Seed of the training.
        options: The user's `--cfg-options`.
    """
    return Run(row, seed, row.options | options, _folder(root, row, options) / f"seed{seed}")


def find_runs(root: Path, row: Row, options: dict[str, Any]) -> list[Run]:
    """Return the runs of a row that have been started, by seed."""
    if row.config is None:
        return []
    names = [file.parent.name for file in _folder(root, row, options).glob("seed*/run.json")]
    seeds = [int(name.removeprefix("seed")) for name in names if re.fullmatch(r"seed-?\d+", name)]
    return [make_run(root, row, seed, options) for seed in sorted(seeds)]


def _folder(root: Path, row: Row, options: dict[str, Any]) -> Path:
    merged = row.options | options
    text = json.dumps(merged, sort_keys=True, default=str)
    suffix = f"-{hashlib.sha256(text.encode()).hexdigest()[:8]}" if merged else ""
    return root / (str(row.config).removesuffix(".py") + suffix)


def load_record(run: Run) -> Record | None:
    """Read how far a run is; None if it was never started.

    Raises:
        ValueError: If the file cannot be read.
    """
    try:
        return Record(**json.loads(run.record_file.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{run.record_file} cannot be read ({error}): remove it, and the run goes on from its "
            "last checkpoint"
        ) from error


def last_checkpoint(run: Run) -> Path | None:
    """Return the checkpoint that the training wrote last, None if there is none."""
    try:
        name = Path((run.work_dir / "last_checkpoint").read_text().strip()).name
    except FileNotFoundError:
        return None
    path = run.work_dir / name
    return path if path.is_file() else None


def describe(run: Run) -> str:
    """Say in a few words how far a run is."""
    record = load_record(run)
    if record is None:
        return "not run"
    try:
        run.lock().close()
    except FolderInUseError:
        return f"{record.stage}ing"
    if record.failed:
        return f"crashed in {record.stage}"
    if record.tested:
        return "tested"
    if record.checkpoint:
        return "trained"
    checkpoint = last_checkpoint(run)
    return f"stopped after {checkpoint.stem}" if checkpoint else "stopped before a checkpoint"
