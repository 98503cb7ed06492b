"""Whole trainings on CUDA devices."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from adla.engine.assigners import find_assigners

from ..free_port import free_port
from .training import scalars, tiny_config, train

REPO = Path(__file__).parents[2]
pytestmark = [pytest.mark.gpu, pytest.mark.slow]

VARIANTS = {
    "plain": {},
    "stock mixed precision": {"optim_wrapper.type": "AmpOptimWrapper"},
    "mixed precision": {"optim_wrapper.type": "MixedPrecisionOptimWrapper"},
    "bfloat16": {
        "optim_wrapper.type": "MixedPrecisionOptimWrapper",
        "optim_wrapper.dtype": "bfloat16",
    },
    "deterministic": {"randomness.seed": 0, "randomness.deterministic": True},
}


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_trains(scenes, tmp_path, options, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        runner = train(tiny_config(scenes, tmp_path, **options))
    finally:
        torch.use_deterministic_algorithms(False)
    assert next(runner.model.parameters()).is_cuda
    (assigner,) = find_assigners(runner.model).values()
    assert assigner.progress == 11 / 12
    losses = [record["loss"] for record in scalars(tmp_path) if "loss" in record]
    assert len(losses) == 6 and torch.tensor(losses).isfinite().all()


def test_deterministic_trainings_are_equal(scenes, tmp_path, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    weights = []
    for run in ("first", "second"):
        try:
            options = {"randomness.seed": 0, "randomness.deterministic": True}
            runner = train(tiny_config(scenes, tmp_path / run, **options))
        finally:
            torch.use_deterministic_algorithms(False)
        weights.append(runner.model.state_dict())
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])


@pytest.mark.parametrize("wrapper", ["OptimWrapper", "MixedPrecisionOptimWrapper"])
def test_resumes(scenes, tmp_path, wrapper):
    options = {"optim_wrapper.type": wrapper, "train_cfg.max_epochs": 2}
    train(tiny_config(scenes, tmp_path, **options))
    cfg = tiny_config(scenes, tmp_path, **{"optim_wrapper.type": wrapper, "resume": True})
    runner = train(cfg)
    assert runner.iter == 12
    (assigner,) = find_assigners(runner.model).values()
    assert assigner.progress == 11 / 12


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_two_processes_with_nccl(scenes, tmp_path):
    cfg = tiny_config(scenes, tmp_path)
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
    assert [record["step"] for record in scalars(tmp_path) if "loss" in record] == [2, 4, 6]
