"""The demo's trainings and tests: resumed where they stopped, never repeated."""

import hashlib
import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from demo_progress import Ticker, call, read_step
from mmengine.config import Config
from rich.console import Console

from adla.visualization import load_scalars
from adla.visualization.curves import select_series

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    """A detector of the demo.

    Attributes:
        name: How it is called in tables and pictures.
        config: Its config file.
        work_dir: Where its training writes.
        options: `--cfg-options` on top of the config.
    """

    name: str
    config: Path
    work_dir: Path
    options: dict[str, int]

    def load_config(self) -> Config:
        """Load the config with the options merged in."""
        config = Config.fromfile(str(self.config))
        config.merge_from_dict(self.options)
        return config

    @property
    def checkpoint(self) -> Path:
        """The checkpoint after the last epoch."""
        return self.work_dir / f"epoch_{self.load_config().train_cfg.max_epochs}.pth"


def settings_digest(run: Run, data_digest: str) -> str:
    """Return what tells a run's settings and scenes from any others."""
    return hashlib.sha256((run.load_config().pretty_text + data_digest).encode()).hexdigest()


def run(run: Run, root: Path, data_digest: str, console: Console) -> dict[str, float | None]:
    """Train and test a detector, or take up what an earlier call left.

    Args:
        run: The detector.
        root: Folder that holds `data/`.
        data_digest: What tells one set of scenes from another.
        console: Where progress is shown.

    Returns:
        The metrics of the test, the mean assignment statistics and the seconds of training.

    Raises:
        SystemExit: If a command fails, or the work directory belongs to other settings.
    """
    digest = settings_digest(run, data_digest)
    settings, result = run.work_dir / "settings.json", run.work_dir / "result.json"
    if settings.exists() and json.loads(settings.read_text())["digest"] != digest:
        raise SystemExit(
            f"demo: {run.work_dir} was trained with other settings or scenes; "
            "run the demo with --fresh to train anew"
        )
    if result.exists():
        console.print(
            f"{run.name}: already trained and tested, see {result.relative_to(root)}",
            highlight=False,
            soft_wrap=True,
        )
        return json.loads(result.read_text())
    run.work_dir.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"digest": digest}))
    seconds = _train(run, root, console)
    metrics = _test(run, root, console)
    records = load_scalars(run.work_dir)
    for name in ("pos_per_gt", "pos_per_gt_vt", "unassigned_gts", "unassigned_gts_vt"):
        values = select_series(records, name)[1]
        metrics[name] = float(np.mean(values)) if len(values) else float("nan")
    metrics["train_seconds"] = seconds
    result.write_text(json.dumps(metrics, indent=2))
    return metrics


def _command(script: str, run: Run, *arguments: object) -> list[str]:
    """Return the command line of one of the tools for a run."""
    options = [f"{key}={value}" for key, value in run.options.items()]
    options = ["--cfg-options", *options] if options else []
    return [sys.executable, str(ROOT / "tools" / script), str(run.config),
            *map(str, arguments), *options]  # fmt: skip


def _train(run: Run, root: Path, console: Console) -> float | None:
    """Train to the last epoch, from the last checkpoint if there is one.

    Returns:
        The seconds it took, None if it was not trained in one go.
    """
    last = run.work_dir / "last_checkpoint"
    resumes = last.exists()
    if resumes and Path(last.read_text().strip()).name == run.checkpoint.name:
        return None
    if resumes:
        console.print(f"{run.name}: resuming from {Path(last.read_text()).name}", highlight=False)
    max_epochs, start = run.load_config().train_cfg.max_epochs, time.monotonic()
    command = _command("train.py", run, "--work-dir", run.work_dir, *(["--resume"] * resumes))
    with Ticker(console, f"training {run.name}") as ticker:
        call(command, run.work_dir / "train.log", root,
             lambda line: ticker.update(*(read_step(line or "", max_epochs) or ())))  # fmt: skip
        ticker.update(1.0, "done")
    return None if resumes else time.monotonic() - start


def _test(run: Run, root: Path, console: Console) -> dict[str, float]:
    """Test the last checkpoint; keep its predictions and return its metrics."""
    out = run.work_dir / "test"
    shutil.rmtree(out, ignore_errors=True)
    command = _command("test.py", run, run.checkpoint, "--work-dir", out,
                       "--out", run.work_dir / "predictions.pkl")  # fmt: skip
    with Ticker(console, f"testing {run.name}") as ticker:
        call(command, run.work_dir / "test.log", root,
             lambda line: ticker.update(*(read_step(line or "", 1) or ())))  # fmt: skip
        ticker.update(1.0, "done")
    (file,) = out.glob("*/*.json")
    metrics = json.loads(file.read_text())
    return {key.removeprefix("tiny/"): value for key, value in metrics.items() if "/" in key}
