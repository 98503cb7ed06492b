"""Train and test runs one after another; what fails is named, and the others go on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from mmengine.config import Config

from adla.atomic_files import atomic_file

from .code_version import code_version
from .dataset_paths import check_data
from .launcher import Launcher
from .metrics import missing_columns
from .run_config import digest, load_run_config
from .runs import Record, Run, last_checkpoint, load_record
from .tables import Table

#: Runs a command: command, file for its output, title, epochs. Returns whether it succeeded.
Execute = Callable[[list[str], Path, str, int], bool]
#: Shows one line.
Say = Callable[[str], None]


class Stages:
    """Trains and tests the runs of one table.

    Args:
        table: The table.
        launcher: How commands are started.
        execute: Runs a command.
        say: Shows one line.
        suggest: Says how to get a missing file, from a message that names it.
        data_root: What the data sets' paths start from: the folder that commands run in.
    """

    def __init__(
        self,
        table: Table,
        launcher: Launcher,
        execute: Execute,
        say: Say,
        suggest: Callable[[str], str] = lambda message: "",
        data_root: Path = Path(),
    ) -> None:
        self.table, self.launcher = table, launcher
        self.execute, self.say = execute, say
        self.suggest, self.data_root = suggest, data_root

    def run_all(self, stage: str, runs: Sequence[Run]) -> list[str]:
        """Bring every run through a stage.

        Args:
            stage: 'train' or 'test'.
            runs: The runs.

        Returns:
            Names of the runs that did not get through; why has been said.
        """
        failures = []
        for run in runs:
            try:
                with run.lock():
                    self._train(run) if stage == "train" else self._test(run)
            except (RuntimeError, ValueError, OSError) as error:
                failures.append(run.name)
                self.say(f"FAILED {self.table.name} {run.name}: {error}")
        return failures

    def _train(self, run: Run) -> None:
        cfg = self._load_config(run)
        record = self._open_record(run, cfg)
        if record.checkpoint:
            self.say(f"{run.name}: already trained, {run.work_dir / record.checkpoint}")
            return
        check_data(cfg, ("train", "val", "test"), self.data_root, self.suggest)
        resumes = last_checkpoint(run)
        if resumes:
            self.say(f"{run.name}: resumes from {resumes.name}")
        record.commits = list(dict.fromkeys([*record.commits, code_version(self.launcher.root)]))
        self._execute(run, record, "train", self.launcher.train(run), cfg.train_cfg.max_epochs)
        checkpoint = last_checkpoint(run)
        if checkpoint is None:
            raise RuntimeError(f"the training left no checkpoint in {run.work_dir}")
        record.checkpoint = checkpoint.name
        _save(run, record)

    def _test(self, run: Run) -> None:
        cfg = self._load_config(run)
        record = self._open_record(run, cfg)
        if record.checkpoint is None:
            raise RuntimeError("not trained to its end yet; train it first")
        if record.tested and not missing_columns(run, self.table):
            self.say(f"{run.name}: already tested")
            return
        checkpoint = run.work_dir / record.checkpoint
        if not checkpoint.is_file():
            raise FileNotFoundError(f"{checkpoint} is gone; remove {run.work_dir} to train anew")
        check_data(cfg, ("test",), self.data_root, self.suggest)
        command = self.launcher.test(run, checkpoint, self.table.test_options)
        record.tested = False
        self._execute(run, record, "test", command, 1)
        record.tested = True
        _save(run, record)
        missing = missing_columns(run, self.table)
        if missing:
            raise ValueError(f"the test gave no {', '.join(missing)}")

    def _execute(
        self, run: Run, record: Record, stage: str, command: list[str], epochs: int
    ) -> None:
        record.stage, record.failed = stage, False
        _save(run, record)
        log = run.work_dir / f"{stage}.log"
        if not self.execute(command, log, f"{stage}ing {run.name}", epochs):
            record.failed = True
            _save(run, record)
            goes_on = stage == "train" and last_checkpoint(run) is not None
            raise RuntimeError(
                f"crashed in {stage}: {_last_line(log)}; its whole output: {log}; `{stage}` again "
                + ("goes on where it stopped" if goes_on else "starts it anew")
            )

    def _load_config(self, run: Run) -> Config:
        return load_run_config(self.launcher.root / "configs", run)

    def _open_record(self, run: Run, cfg: Config) -> Record:
        """Return the record of a run, a new one if it was never started.

        Raises:
            ValueError: If it was started with another content of its config.
        """
        now, record = digest(cfg), load_record(run)
        if record is None:
            return Record(str(run.row.config), run.options, run.seed, now)
        if record.digest != now:
            raise ValueError(
                f"{run.row.config} has changed since {run.work_dir} was started; to train anew, "
                f"move that folder away: mv {run.work_dir} {run.work_dir}.old"
            )
        return record


def _save(run: Run, record: Record) -> None:
    with atomic_file(run.record_file) as file:
        json.dump(asdict(record), file, indent=2, default=str)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "no output")
