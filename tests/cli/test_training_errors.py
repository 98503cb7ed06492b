"""One sentence for what ends a training from outside."""

import adla  # noqa: F401  isort: skip  before mmdet

import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from adla.cli.training_errors import explain
from adla.core import alpha_at
from adla.datasets.synthetic import write_scenes
from adla.folder_lock import FolderInUseError, lock_file

from ..engine.training import tiny_config
from ..held_lock import held_elsewhere


def test_an_op_without_a_kernel_for_16_bits():
    with pytest.raises(RuntimeError) as caught:
        torch.linalg.qr(torch.ones(2, 2, dtype=torch.bfloat16))
    found = explain(caught.value)
    assert "has no kernel for bfloat16 on this device: train without --amp" in found
    assert found.endswith("--cfg-options optim_wrapper.type=OptimWrapper")
    assert explain(RuntimeError("mat1 and mat2 must have the same dtype")) == ""


class KilledWorker(list):
    """Data whose second item ends the worker, as a machine does that is out of memory."""

    def __getitem__(self, index):
        if index == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


def test_a_worker_that_dies():
    with pytest.raises(RuntimeError) as caught:
        list(DataLoader(KilledWorker([0, 1]), num_workers=1))
    assert explain(caught.value).startswith("a worker of the data loader was killed")


def test_a_full_disk():
    with pytest.raises(OSError, match="No space") as caught, open("/dev/full", "w") as file:
        file.write("x" * 10000)
    assert explain(caught.value) == "No space left on device: while a file was written"


def test_a_file_that_may_not_be_written():
    error = PermissionError(13, "Permission denied", "work/epoch_1.pth")
    assert explain(error) == "Permission denied: work/epoch_1.pth"
    assert explain(ConnectionResetError(104, "Connection reset")) == ""


def test_a_damaged_checkpoint(tmp_path):
    path = tmp_path / "cut.pth"
    torch.save({"weight": torch.rand(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(RuntimeError) as caught:
        torch.load(path)
    assert explain(caught.value).startswith("the checkpoint is damaged")


def test_a_folder_that_another_training_holds(tmp_path):
    with (
        held_elsewhere(tmp_path / "lock"),
        pytest.raises(FolderInUseError) as caught,
    ):
        lock_file(tmp_path / "lock")
    assert explain(caught.value).startswith("another process is at it")


YOLOV8 = "configs/yolov8/yolov8-n_pafpn_light_sirst-v2.py"
MSLA = "configs/msla/yolov8-n_pafpn-p2_msla-light_sirst-v2.py"


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        (YOLOV8, {"version": "9.0"}, "version must be one of"),
        (MSLA, {"scale": None}, "scale"),
        (MSLA, {"topk": 0}, "topk must be"),
    ],
)
def test_a_setting_that_adla_refuses(config, options, message):
    """However deep mmengine's registries wrap it."""
    cfg = Config.fromfile(config)
    cfg.model.train_cfg.assigner.update(options)
    init_default_scope("mmdet")
    with pytest.raises(ValueError, match=message) as caught:
        MODELS.build(cfg.model)
    found = explain(caught.value)
    assert message in found and "class `" not in found


def test_a_refusal_that_was_dealt_with_is_not_blamed():
    try:
        try:
            alpha_at(2, 0.6, (0.1, 0.5))
        except ValueError:
            raise RuntimeError("another fault") from None
    except RuntimeError as error:
        assert "progress" in str(error.__context__) and explain(error) == ""


def test_a_fault_is_no_refusal():
    with pytest.raises(ValueError, match="not enough") as caught:
        _first, _second = [1]
    assert explain(caught.value) == ""
    with pytest.raises(ValueError, match="could not convert") as caught:  # inside adla, by float
        alpha_at("half", 0.6, (0.1, 0.5))
    assert explain(caught.value) == ""


@pytest.mark.slow
def test_a_refused_setting_ends_a_training_in_one_line(tmp_path):
    write_scenes(tmp_path / "scenes", num_train=8, num_val=2, size=64, seed=1)
    cfg = tiny_config(tmp_path / "scenes", tmp_path / "work")
    cfg.model.train_cfg.assigner.alpha0 = 3
    cfg.dump(tmp_path / "config.py")
    command = [sys.executable, "-m", "adla", "train", str(tmp_path / "config.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == "adla: alpha0 must be in [0, 1], but got 3"


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
