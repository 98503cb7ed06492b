"""Kill a training, a prediction and a conversion at random moments, and run the same command again.

    python -m tests.reliability.kills --training 40 --prediction 30 --conversion 30

What the last call leaves must equal what one call without a kill leaves: the weights and the state
of the optimizer bit by bit, every other file byte for byte, and no file beside them. Every second
kill waits for a file that is being written, so that it falls into the writing of a checkpoint too.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from adla.datasets.synthetic import write_scenes

from ..datasets.converters.aerial import write_visdrone
from ..engine.training import tiny_config
from ..inference.random_detector import write_detector

REPO = Path(__file__).parents[2]
EPOCHS = 6


@dataclass
class Job:
    """A command that writes a folder.

    Attributes:
        words: The words after ``adla``, for a folder to write to.
        read: What the command must always leave there, by name.
    """

    words: Callable[[Path], list[str]]
    read: Callable[[Path], dict[str, bytes]]

    def start(self, out: Path) -> subprocess.Popen:
        """Start the command, with its messages in ``out.log``."""
        with open(f"{out}.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "adla", *self.words(out)],
                cwd=REPO,
                env={**os.environ, "PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=log,
            )

    def finish(self, out: Path) -> None:
        """Run the command to its end; one that finds itself finished is at its end.

        Raises:
            RuntimeError: If it fails.
        """
        status = self.start(out).wait()
        log = Path(f"{out}.log").read_text(errors="replace")
        if status and "is there already" not in log:
            raise RuntimeError(f"the command fails: {log[-3000:]}")


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def flatten(value: object, name: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the tensors and numbers of nested dictionaries and lists, as bytes by name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{name}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from flatten(inner, f"{name}.{index}")
    elif isinstance(value, torch.Tensor):
        yield name, value.contiguous().numpy().tobytes()
    else:
        yield name, repr(value).encode()


def read_checkpoint(work_dir: Path) -> dict[str, bytes]:
    """Return weights, optimizer and schedule of the last epoch, and the names of checkpoints."""
    checkpoint = torch.load(work_dir / f"epoch_{EPOCHS}.pth", weights_only=False)
    parts = {key: checkpoint[key] for key in ("state_dict", "optimizer", "param_schedulers")}
    names = sorted(path.name for path in work_dir.iterdir() if path.suffix in (".pth", ".tmp"))
    return {**dict(flatten(parts)), "files": " ".join(names).encode()}


def make_training(root: Path) -> Job:
    """Return a training with flips in a worker, which keeps one checkpoint."""
    write_scenes(root / "scenes", num_train=8, num_val=2, size=64, seed=1)
    cfg = tiny_config(
        root / "scenes",
        root,
        **{
            "train_cfg.max_epochs": EPOCHS,
            "train_cfg.val_interval": EPOCHS,
            "train_dataloader.num_workers": 1,
            "train_dataloader.persistent_workers": True,
            "randomness.seed": 3,
            "default_hooks.exact_resume": dict(type="ExactResumeHook"),
            "default_hooks.checkpoint.max_keep_ckpts": 1,
        },
    )
    cfg.train_dataloader.dataset.pipeline.insert(2, dict(type="RandomFlip", prob=0.5))
    cfg.dump(root / "training.py")
    config = str(root / "training.py")
    return Job(lambda out: ["train", config, "--work-dir", str(out), "--resume"], read_checkpoint)


def make_prediction(root: Path) -> Job:
    """Return a prediction of a folder of images, slice by slice."""
    config, checkpoint = write_detector(root)
    (root / "images").mkdir()
    generator = np.random.default_rng(0)
    for number in range(12):
        pixels = generator.integers(0, 255, (160, 160, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{number}.png")
    words = ["predict", str(config), str(checkpoint), str(root / "images")]
    options = ["--slice", "64", "--max-object", "8", "--score-thr", "0.001", "--batch-size", "1"]
    return Job(lambda out: [*words, *options, "--out", str(out)], read_files)


def make_conversion(root: Path) -> Job:
    """Return a conversion of generated files in the published layout of VisDrone."""
    write_visdrone(root / "visdrone")
    return Job(lambda out: ["convert", "visdrone", str(root / "visdrone"), str(out)], read_files)


MAKERS = dict(training=make_training, prediction=make_prediction, conversion=make_conversion)


def is_writing(out: Path) -> bool:
    """Say whether a file in a folder, or the folder itself, is being written."""
    drafts = (out.parent.glob(f".{out.name}.*.tmp"), out.rglob(".*.tmp"))
    return any(path for paths in drafts for path in paths)


def wait_for_kill(process: subprocess.Popen, out: Path, moment: float, at_write: bool) -> bool:
    """Kill a process and say whether it was still running.

    Args:
        process: The process.
        out: Where it writes.
        moment: Seconds after which it is killed.
        at_write: Whether to wait from then on until a file is being written.
    """
    try:
        process.wait(timeout=moment)
        return False
    except subprocess.TimeoutExpired:
        pass
    while at_write and process.poll() is None and not is_writing(out):
        time.sleep(0.0002)
    if process.poll() is not None:
        return False
    process.send_signal(signal.SIGKILL)
    process.wait()
    return True


def kill_and_compare(job: Job, root: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill a command as often as asked, over as many runs as that takes, and compare each run.

    Args:
        job: The command.
        root: Where to run it.
        kills: How many kills.
        seed: Of the moments.

    Returns:
        Counts: ``kills``, those of them ``at_write``, ``runs``, and ``unequal`` runs.

    Raises:
        RuntimeError: If a run that is not killed does not end well.
    """
    rng = random.Random(seed)
    started = time.monotonic()
    whole = root / "whole"
    job.finish(whole)
    duration = time.monotonic() - started
    expected = job.read(whole)
    counts = dict(kills=0, at_write=0, runs=0, unequal=0)
    while counts["kills"] < kills:
        out = root / f"run{counts['runs']}"
        for _ in range(rng.randint(1, 4)):
            at_write = rng.random() < 0.5
            moment = rng.uniform(0, 0.6 * duration if at_write else duration)
            if not wait_for_kill(job.start(out), out, moment, at_write):
                break
            counts["kills"] += 1
            counts["at_write"] += at_write
        job.finish(out)
        counts["runs"] += 1
        differences = find_differences(expected, job.read(out))
        if differences:
            print(f"{out.name} differs in", *differences[:9], file=sys.stderr)
        counts["unequal"] += bool(differences)
    return counts


def find_differences(expected: dict[str, bytes], got: dict[str, bytes]) -> list[str]:
    """Return the names whose content is not the same in both."""
    return [name for name in expected | got if expected.get(name) != got.get(name)]


def main(words: Sequence[str] | None = None) -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in MAKERS:
        parser.add_argument(f"--{name}", type=int, default=0, help="kills")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        for name, make in MAKERS.items():
            kills = getattr(args, name)
            if kills:
                root = Path(folder) / name
                root.mkdir()
                print(name, kill_and_compare(make(root), root, kills, args.seed), flush=True)


if __name__ == "__main__":
    main()
