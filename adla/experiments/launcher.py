"""Command lines of a run: on this machine, with torchrun, or on a slurm cluster."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .runs import Run

LAUNCHERS = ("local", "pytorch", "slurm")


@dataclass(frozen=True)
class Launcher:
    """How `tools/train.py` and `tools/test.py` are started.

    Attributes:
        root: The folder with `tools/` and `configs/`, see `adla.installed_files`.
        kind: One of `LAUNCHERS`.
        gpus: Number of devices; 'local' uses one.
        partition: Partition of the slurm cluster.

    Raises:
        ValueError: If the kind is unknown, or does not go with the rest.
    """

    root: Path
    kind: str = "local"
    gpus: int = 1
    partition: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in LAUNCHERS:
            raise ValueError(f"launcher must be one of {LAUNCHERS}, but got {self.kind!r}")
        if self.gpus < 1 or (self.kind == "local" and self.gpus > 1):
            raise ValueError(
                f"{self.gpus} devices with the launcher {self.kind}: it takes 1; "
                "--launcher pytorch or slurm takes more"
            )
        if (self.kind == "slurm") != (self.partition is not None):
            raise ValueError("a partition goes with --launcher slurm, and that needs one")

    def train(self, run: Run) -> list[str]:
        """Return the command that trains a run, or resumes it.

        With several devices the learning rate follows the batch.
        """
        flags = ["--work-dir", str(run.work_dir), "--resume"]
        flags += ["--auto-scale-lr"] * (self.kind != "local")
        options = {"randomness.seed": run.seed} | run.options
        return self._command("train", run, [], flags + format_options(options))

    def test(self, run: Run, checkpoint: Path, options: dict[str, Any]) -> list[str]:
        """Return the command that tests a checkpoint, into the folder `test` of the run."""
        flags = ["--work-dir", str(run.work_dir / "test")]
        return self._command(
            "test", run, [str(checkpoint)], flags + format_options(run.options | options)
        )

    def _command(
        self, script: str, run: Run, positional: Sequence[str], flags: Sequence[str]
    ) -> list[str]:
        tools = self.root / "tools"
        what = [str(self.root / "configs" / str(run.row.config)), *positional]
        python = f"PYTHON={sys.executable}"
        if self.kind == "pytorch":
            return ["env", python, "bash", str(tools / f"dist_{script}.sh"), *what,
                    str(self.gpus), *flags]  # fmt: skip
        if self.kind == "slurm":
            return ["env", python, f"GPUS={self.gpus}", "bash", str(tools / f"slurm_{script}.sh"),
                    str(self.partition), f"adla-{run.row.name}", *what, *flags]  # fmt: skip
        return [sys.executable, str(tools / f"{script}.py"), *what, *flags]


def format_options(options: dict[str, Any]) -> list[str]:
    """Return options as `--cfg-options` takes them."""
    if not options:
        return []
    return ["--cfg-options", *(f"{key}={_format(value)}" for key, value in options.items())]


def _format(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        left, right = "[]" if isinstance(value, list) else "()"
        return left + ",".join(map(_format, value)) + right
    return str(value)
