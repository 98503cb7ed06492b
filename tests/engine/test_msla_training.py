"""MSLA-YOLOv8 and its head elsewhere, through the real runner."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from adla.engine.assigners import find_assigners

from .msla_step import HEAD, losses
from .training import scalars, tiny_config, train

REPO = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def msla_config(scenes, work_dir, **options) -> Config:
    """Return the tiny training with MSLAHead behind the stock backbone and FPN of the demo."""
    cfg = tiny_config(scenes, work_dir)
    channels = cfg.model.neck.out_channels
    cfg.merge_from_dict(
        {
            "model.bbox_head": dict(HEAD, _delete_=True, in_channels=channels, train_cfg=None),
            "model.neck.num_outs": 3,
            "model.train_cfg": dict(_delete_=True, **HEAD["train_cfg"]),
            "custom_hooks": [dict(type="AssignStatsHook", interval=2)],
            **options,
        }
    )
    return cfg


def test_the_head_trains_behind_an_fpn_and_its_assignment_is_logged(scenes, tmp_path):
    runner = train(msla_config(scenes, tmp_path))
    records = [record for record in scalars(tmp_path) if "loss" in record]
    assert len(records) == 6
    assert all(torch.isfinite(torch.tensor(record["loss"])) for record in records)
    assert all(record["unassigned_gts"] == 0 for record in records)  # force_match
    assert all(record["pos_per_gt"] >= 1 for record in records)
    assert {"loss_cls", "loss_bbox", "loss_dfl"} <= records[-1].keys()
    (assigner,) = find_assigners(runner.model).values()
    assert "assign_batch" not in vars(assigner)  # left as it was
    assert any("tiny/AP50" in record for record in scalars(tmp_path))


def test_the_head_trains_behind_resnet_and_fpn(scenes, tmp_path):
    backbone = dict(
        _delete_=True,
        type="ResNet",
        depth=18,
        out_indices=(0, 1, 2),
        norm_eval=False,
        base_channels=8,
    )
    options = {"model.backbone": backbone, "model.neck.in_channels": [8, 16, 32]}
    options["train_cfg.max_epochs"] = 1
    train(msla_config(scenes, tmp_path, **options))
    losses = [record["loss"] for record in scalars(tmp_path) if "loss" in record]
    assert len(losses) == 2 and all(torch.isfinite(torch.tensor(losses)))


def test_two_processes_share_the_normalizer(tmp_path):
    """Both divide by the mean of their sums of targets, also where one of them has no object."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPO)}
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2"]
    command += ["--standalone", "-m", "tests.engine.msla_step", str(tmp_path / "rank")]
    done = subprocess.run(command, env=env, cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    full, empty = (torch.load(tmp_path / f"rank{rank}") for rank in (0, 1))
    alone = losses(4)  # the sum of its targets is above 2: nothing is clamped
    for name, loss in full.items():
        torch.testing.assert_close(loss, 2 * alone[name])
    assert empty["loss_cls"] > 0 and empty["loss_bbox"] == 0 and empty["loss_dfl"] == 0
