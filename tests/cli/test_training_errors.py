"""One sentence for what ends a training from outside."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
import torch
from torch.utils.data import DataLoader

from adla.cli.training_errors import explain
from adla.datasets.synthetic import write_scenes
from adla.folder_lock import FolderInUseError, lock_file

from ..engine.training import tiny_config
from ..held_lock import held_elsewhere


def test_an_op_without_a_kernel_for_16_bits():
    with pytest.raises(RuntimeError) as caught:
        torch.linalg.qr(torch.ones(2, 2, dtype=torch.bfloat16))
    found = explain(caught.value, ["c.py", "--amp"])
    assert found.endswith("has no kernel for bfloat16 on this device: train without --amp")
    assert explain(caught.value, ["c.py"]) == ""
    assert explain(RuntimeError("mat1 and mat2 must have the same dtype"), ["--amp"]) == ""


class KilledWorker(list):
    """Data whose second item ends the worker, as a machine does that is out of memory."""

    def __getitem__(self, index):
        if index == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


def test_a_worker_that_dies():
    with pytest.raises(RuntimeError) as caught:
        list(DataLoader(KilledWorker([0, 1]), num_workers=1))
    assert explain(caught.value, []).startswith("a worker of the data loader was killed")


def test_a_full_disk():
    with pytest.raises(OSError, match="No space") as caught, open("/dev/full", "w") as file:
        file.write("x" * 10000)
    assert explain(caught.value, []) == "No space left on device: while a file was written"


def test_a_file_that_may_not_be_written():
    error = PermissionError(13, "Permission denied", "work/epoch_1.pth")
    assert explain(error, []) == "Permission denied: work/epoch_1.pth"
    assert explain(ConnectionResetError(104, "Connection reset"), []) == ""


def test_a_damaged_checkpoint(tmp_path):
    path = tmp_path / "cut.pth"
    torch.save({"weight": torch.rand(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(RuntimeError) as caught:
        torch.load(path)
    assert explain(caught.value, []).startswith("the checkpoint is damaged")


def test_a_folder_that_another_training_holds(tmp_path):
    with (
        held_elsewhere(tmp_path / "lock"),
        pytest.raises(FolderInUseError) as caught,
    ):
        lock_file(tmp_path / "lock")
    assert explain(caught.value, []).startswith("another process is at it")


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_says_how_it_goes_on(tmp_path, sent):
    write_scenes(tmp_path / "scenes", num_train=8, num_val=2, size=64, seed=1)
    work_dir = tmp_path / "work"
    cfg = tiny_config(tmp_path / "scenes", work_dir, **{"train_cfg.max_epochs": 1000})
    cfg.dump(tmp_path / "config.py")
    command = [sys.executable, "-m", "adla", "train", str(tmp_path / "config.py")]
    # A shell that runs the tests in the background has them ignore Ctrl-C, and so their children.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    streams = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with subprocess.Popen(command, preexec_fn=heed, **streams) as process:
        while process.poll() is None and not (work_dir / "epoch_1.pth").exists():
            time.sleep(0.1)
        process.send_signal(sent)
        error = process.stderr.read().decode()
    assert process.returncode == 1
    assert error.splitlines()[-1] == (
        "adla: stopped; with --resume it goes on from its last checkpoint"
    )
    assert not list(work_dir.glob(".*.tmp"))
