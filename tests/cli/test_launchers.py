"""What a training does not support ends with one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adla.cli.launchers import describe_misfit, find_launcher
from adla.datasets.synthetic import write_scenes

from ..engine.training import tiny_config
from ..free_port import free_port

TOOLS = Path(__file__).resolve().parents[2] / "tools"
STARTED = {"RANK": "0", "LOCAL_WORLD_SIZE": "4"}
GROUP = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"}
GROUP |= {"MASTER_ADDR": "127.0.0.1"}


@pytest.mark.parametrize(
    ("words", "launcher"),
    [
        (["c.py"], "none"),
        (["c.py", "--launcher", "slurm", "--amp"], "slurm"),
        (["c.py", "--launcher=pytorch"], "pytorch"),
        (["c.py", "--launcher"], ""),
    ],
)
def test_the_launcher_in_a_command_line(words, launcher):
    assert find_launcher(words) == launcher


@pytest.mark.parametrize(
    ("launcher", "env", "gpus", "message"),
    [
        ("none", {}, 0, ""),
        ("pytorch", STARTED, 0, ""),  # over gloo
        ("pytorch", STARTED, 4, ""),
        ("slurm", {}, 1, ""),
        ("pytorch", {}, 2, "run tools/dist_train.sh CONFIG GPUS"),
        ("pytorch", STARTED, 2, "4 processes on a machine with 2 GPUs"),
        ("pytorch", STARTED, 1, "with 1 GPU:"),
        ("slurm", {}, 0, "--launcher slurm uses NCCL, which needs a GPU"),
        ("mpi", {}, 0, "--launcher mpi uses NCCL"),
    ],
)
def test_processes_that_cannot_train_together(launcher, env, gpus, message):
    found = describe_misfit(launcher, env, gpus)
    assert message in found and bool(found) == bool(message)


def train_tool(*words: object, **env: str) -> subprocess.CompletedProcess:
    command = [sys.executable, TOOLS / "train.py", *words]
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **env},
        text=True,
        capture_output=True,
    )


@pytest.mark.slow
def test_a_launcher_without_torchrun_ends_with_one_line(tmp_path):
    result = train_tool(tmp_path / "c.py", "--launcher", "pytorch")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1].startswith("adla: --launcher pytorch is for processes")


@pytest.mark.slow
def test_nccl_without_a_gpu_ends_with_one_line(tmp_path):
    scenes = tmp_path / "scenes"
    write_scenes(scenes, num_train=2, num_val=1, size=64)
    tiny_config(scenes, tmp_path).dump(tmp_path / "config.py")
    group = {**GROUP, "MASTER_PORT": free_port()}
    result = train_tool(tmp_path / "config.py", "--launcher", "pytorch", **group)
    assert result.returncode == 1, result.stdout[-2000:] + result.stderr[-2000:]
    assert any(
        line.startswith("adla: NCCL needs a GPU") and "device_ids=None" in line
        for line in result.stderr.splitlines()
    )


@pytest.mark.slow
def test_a_run_that_is_done_leaves_the_other_processes(tmp_path):
    scenes = tmp_path / "scenes"
    write_scenes(scenes, num_train=2, num_val=1, size=64)
    wrapper = dict(type="MMDistributedDataParallel", device_ids=None)
    options = {"train_cfg.max_epochs": 1, "train_cfg.val_interval": 1}
    cfg = tiny_config(scenes, tmp_path, model_wrapper_cfg=wrapper, **options)
    cfg.dump(tmp_path / "config.py")
    code = (
        "import os, subprocess, sys, time, torch.distributed\n"
        "from adla.cli.commands import run\n"
        "code = run(['train', *sys.argv[1:]])\n"
        "for _ in range(100):  # a thread that has ended is listed for a moment\n"
        "    left = 'gloo' in subprocess.getoutput(f'ps -L -o comm= -p {os.getpid()}')\n"
        "    if not left: break\n"
        "    time.sleep(0.05)\n"
        "sys.exit(code or 3 * (left or torch.distributed.is_initialized()))"
    )
    words = [sys.executable, "-c", code, tmp_path / "config.py", "--launcher", "pytorch"]
    env = {**os.environ, **GROUP, "CUDA_VISIBLE_DEVICES": "", "MASTER_PORT": free_port()}
    result = subprocess.run([str(w) for w in words], env=env, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert (tmp_path / "epoch_1.pth").exists()
