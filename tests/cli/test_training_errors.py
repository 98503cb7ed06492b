"""One sentence for what ends a training from outside."""

import os
import signal

import pytest
import torch
from torch.utils.data import DataLoader

from adla.cli.training_errors import explain
from adla.folder_lock import FolderInUseError, lock_file

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
