"""Whole trainings through the real runner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from adla.engine.assigners import find_assigners

from ..free_port import free_port
from .training import scalars, tiny_config, train

REPO = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


VARIANTS = {
    "plain": {},
    "mixed precision": {"optim_wrapper.type": "MixedPrecisionOptimWrapper"},
    "gradient accumulation": {"optim_wrapper.accumulative_counts": 2},
    "exponential moving average": {
        "custom_hooks": [dict(type="AssignProgressHook"), dict(type="EMAHook")]
    },
    "deterministic": {"randomness.seed": 0, "randomness.deterministic": True},
}


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_trains(scenes, tmp_path, options):
    try:
        runner = train(tiny_config(scenes, tmp_path, **options))
    finally:
        torch.use_deterministic_algorithms(False)
    (assigner,) = find_assigners(runner.model).values()
    assert assigner.progress == 11 / 12 and assigner.rule.alpha == 0.6
    losses = [record["loss"] for record in scalars(tmp_path) if "loss" in record]
    assert len(losses) == 6 and all(torch.isfinite(torch.tensor(losses)))
    assert (tmp_path / "epoch_3.pth").exists()


def test_the_statistics_reach_the_visual_backends(scenes, tmp_path):
    runner = train(tiny_config(scenes, tmp_path))
    records = [record for record in scalars(tmp_path) if "loss" in record]
    for record in records:
        assert record["pos_per_gt"] > 0 and 0 <= record["unassigned_gts"] < 1
    assert any("pos_per_gt_vt" in record for record in records)
    (assigner,) = find_assigners(runner.model).values()
    assert "assign" not in vars(assigner)  # left as it was


def test_by_epoch_follows_the_algorithm(scenes, tmp_path):
    hooks = [dict(type="AssignProgressHook", by_epoch=True)]
    runner = train(tiny_config(scenes, tmp_path, custom_hooks=hooks))
    (assigner,) = find_assigners(runner.model).values()
    assert assigner.progress == 1


def run_in_a_process(cfg, kill_at=None, resume=False):
    """Train in a process of its own, which may kill itself in an iteration."""
    path = Path(cfg.work_dir) / "config_of_the_test.py"
    path.parent.mkdir(exist_ok=True)
    cfg.resume = resume
    cfg.dump(path)
    code = (
        "import os, signal, sys, torch; torch.set_num_threads(1)\n"
        "from mmengine.config import Config; from mmengine.hooks import Hook\n"
        "from mmengine.runner import Runner\n"
        "class Kill(Hook):\n"
        "    def before_train_iter(self, runner, batch_idx, data_batch=None):\n"
        f"        runner.iter == {kill_at} and os.kill(os.getpid(), signal.SIGKILL)\n"
        "runner = Runner.from_cfg(Config.fromfile(sys.argv[1]))\n"
        "runner.register_hook(Kill()); runner.train()\n"
    )
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    return subprocess.run([sys.executable, "-c", code, str(path)], cwd=REPO, env=env).returncode


FLIPS = {
    "train_dataloader.num_workers": 1,
    "train_dataloader.persistent_workers": True,
    "default_hooks.exact_resume": dict(type="ExactResumeHook"),
}


@pytest.mark.parametrize("options", [{}, FLIPS], ids=["without augmentation", "flips in a worker"])
def test_a_killed_and_resumed_training_equals_an_uninterrupted_one(scenes, tmp_path, options):
    options = {"randomness.seed": 3, **options}
    whole, broken = (
        tiny_config(scenes, tmp_path / name, **options) for name in ("whole", "broken")
    )
    if len(options) > 1:
        for cfg in (whole, broken):
            cfg.train_dataloader.dataset.pipeline.insert(2, dict(type="RandomFlip", prob=0.5))
    train(whole)
    assert run_in_a_process(broken, kill_at=6) == -signal.SIGKILL
    assert not (tmp_path / "broken" / "epoch_2.pth").exists()
    assert run_in_a_process(broken, resume=True) == 0
    expected, got = (
        torch.load(tmp_path / run / "epoch_3.pth", weights_only=False)["state_dict"]
        for run in ("whole", "broken")
    )
    assert expected.keys() == got.keys()
    assert all(expected[name].equal(got[name]) for name in expected)


def test_two_processes_with_torchrun(scenes, tmp_path):
    wrapper = dict(type="MMDistributedDataParallel", device_ids=None)
    cfg = tiny_config(scenes, tmp_path, model_wrapper_cfg=wrapper)
    cfg.dump(tmp_path / "config.py")
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PORT": free_port(), "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", str(REPO / "tools" / "dist_train.sh"), str(tmp_path / "config.py"), "2"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    records = scalars(tmp_path)
    steps = [record["step"] for record in records if "loss" in record]
    assert steps == [2, 4, 6]  # 3 epochs of 8 images, 2 in each of 2 processes
    assert any("tiny/AP50" in record for record in records)


@pytest.mark.gpu
def test_mixed_precision_on_cuda(scenes, tmp_path):
    runner = train(tiny_config(scenes, tmp_path, **{"optim_wrapper.type": "AmpOptimWrapper"}))
    assert next(runner.model.parameters()).is_cuda
