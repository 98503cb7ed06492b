"""Checkpoints that do not go with the config, and schedules that have changed, in the runner."""

import logging
import subprocess
import sys

import pytest
import torch
from mmengine.runner import Runner

from adla.compat.checkpoints import CheckpointError

from .training import tiny_config, train

pytestmark = pytest.mark.slow
CLASSES = ("vehicle", "ship", "storage-tank", "person")
CHECK = {"default_hooks.checkpoint_check.type": "adla.engine.hooks.CheckpointCheckHook"}
SCHEDULE = [
    dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=2),
    dict(type="CosineAnnealingLR", by_epoch=True, begin=0, end=1, T_max=1,
         convert_to_iter_based=True),
]  # fmt: skip


META_KEYS = ("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory):
    """The checkpoint of one epoch of four iterations, with a schedule."""
    work_dir = tmp_path_factory.mktemp("trained")
    options = {"train_cfg.max_epochs": 1, "train_cfg.val_interval": 9, "param_scheduler": SCHEDULE}
    train(tiny_config(scenes, work_dir, **options))
    return work_dir / "epoch_1.pth"


@pytest.fixture
def damaged(trained, tmp_path):
    """Write the checkpoint with a change."""

    def write(change):
        state = torch.load(trained, weights_only=False)
        change(state)
        torch.save(state, tmp_path / "other.pth")
        return tmp_path / "other.pth"

    return write


def build(scenes, work_dir, checkpoint, **options):
    """Return a runner, and the warnings that it will log."""
    options = {"load_from": str(checkpoint), "train_cfg.val_interval": 9, **CHECK, **options}
    runner = Runner.from_cfg(tiny_config(scenes, work_dir, **options))
    lines = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())
    runner.logger.addHandler(handler)
    return runner, lines


def relabel(state):
    state["meta"]["dataset_meta"]["classes"] = CLASSES[::-1]


def cut(state):
    del state["state_dict"]["bbox_head.retina_cls.weight"]


def rename(state):
    state["state_dict"] = {f"foreign.{k}": v for k, v in state["state_dict"].items()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (relabel, "with other labels than those of the config: 'person' is 0 there and 3 here"),
        (cut, r"it lacks 1 \(bbox_head\.retina_cls\.weight\)"),
        (rename, r"it lacks \d+ .*; it has beyond the config \d+ \(foreign\."),
    ],
)
def test_a_test_with_a_foreign_checkpoint_is_refused(scenes, tmp_path, damaged, change, message):
    path = damaged(change)
    runner, _ = build(scenes, tmp_path, path)
    with pytest.raises(CheckpointError, match=rf"(?s)other\.pth .*{message}.*strict=False takes"):
        runner.test()
    loose = {"default_hooks.checkpoint_check.strict": False}
    runner, warnings = build(scenes, tmp_path, path, **loose)
    runner.load_or_resume()
    assert any("other.pth" in line for line in warnings)


def test_a_test_with_its_own_checkpoint_goes_through(scenes, tmp_path, trained):
    runner, warnings = build(scenes, tmp_path, trained)
    assert "tiny/AP50" in runner.test() and not warnings


@pytest.mark.parametrize("change", [None, cut])
def test_a_test_on_flipped_views_needs_the_same(scenes, tmp_path, trained, damaged, change):
    """As ``adla test --tta`` builds it: the detector lies in a model for augmentation."""
    cfg = tiny_config(
        scenes, tmp_path, load_from=str(damaged(change) if change else trained), **CHECK
    )
    steps = cfg.test_dataloader.dataset.pipeline
    keys = (*steps[-1].get("meta_keys", META_KEYS), "flip", "flip_direction")
    flips = [dict(type="RandomFlip", prob=prob) for prob in (0.0, 1.0)]
    views = [*([step] for step in steps[1:-1]), flips, [dict(type="PackDetInputs", meta_keys=keys)]]
    cfg.test_dataloader.dataset.pipeline = [steps[0], dict(type="TestTimeAug", transforms=views)]
    voting = dict(nms=dict(type="nms", iou_threshold=0.5), max_per_img=100, voting_iou=0.5)
    cfg.model = dict(type="VotingTTAModel", tta_cfg=voting, module=cfg.model)
    runner = Runner.from_cfg(cfg)
    if change:
        with pytest.raises(CheckpointError, match=r"it lacks 1 \(bbox_head\.retina_cls\.weight\)"):
            runner.test()
    else:
        assert "tiny/AP50" in runner.test()


def test_a_training_starts_from_what_fits_and_says_so(scenes, tmp_path, damaged, trained):
    once = {"train_cfg.max_epochs": 1}
    runner, warnings = build(scenes, tmp_path, damaged(cut), **once)
    runner.train()
    (line,) = [line for line in warnings if "start anew" in line]
    assert "other.pth, the others start anew: it lacks 1 (bbox_head.retina_cls.weight)" in line
    runner, warnings = build(scenes, tmp_path, damaged(relabel), **once)
    runner.train()
    assert any("with other labels" in line for line in warnings)
    runner, _ = build(scenes, tmp_path, damaged(rename), **once)
    with pytest.raises(CheckpointError, match=r"other\.pth has none of the \d+ weights"):
        runner.train()


def test_a_training_does_not_resume_with_other_labels(scenes, tmp_path, damaged):
    runner, _ = build(scenes, tmp_path, damaged(relabel), resume=True)
    with pytest.raises(CheckpointError, match="with other labels"):
        runner.train()


def test_a_schedule_that_changed_is_said_once_with_the_values(scenes, tmp_path, trained):
    longer = [SCHEDULE[0], SCHEDULE[1] | dict(end=4, T_max=4)]
    changes = {"train_cfg.max_epochs": 4, "optim_wrapper.optimizer.lr": 0.5}
    runner, warnings = build(
        scenes, tmp_path, trained, resume=True, param_scheduler=longer, **changes
    )
    runner.train()
    (line,) = [line for line in warnings if "schedule has changed" in line]
    for part in (
        "max_epochs was 1 and is 4; max_iters was 4 and is 16; the progress jumps from 1 to 0.25",
        "alpha of bbox_head.assigner jumps from 0.6 to 0.85",
        "LinearLR of lr keeps base_values=",
        "CosineAnnealingLR of lr keeps T_max=4 (config: 16), base_values=",
        "end=4 (config: 16)",
        "the optimizer keeps the base learning rate 0.002 (config: 0.5)",
        "set load_from to the checkpoint and do not resume",
    ):
        assert part in line, line
    assert runner.param_schedulers[1].end == 4  # as the line says
    assert runner.optim_wrapper.get_lr()["lr"][0] < 1e-3


def unschedule(state):
    """Make it the checkpoint of a training at a constant rate."""
    state["param_schedulers"] = []
    for group in state["optimizer"]["param_groups"]:
        group["lr"] = group.pop("initial_lr")


def test_another_rate_is_said_without_scheduler_and_without_adlas_hooks(scenes, tmp_path, damaged):
    changes = {"train_cfg.max_epochs": 1, "optim_wrapper.optimizer.lr": 0.5, "custom_hooks": []}
    runner, warnings = build(scenes, tmp_path, damaged(unschedule), resume=True, **changes)
    runner.train()
    (line,) = [line for line in warnings if "schedule has changed" in line]
    assert "checkpoint: the optimizer keeps the base learning rate 0.002 (config: 0.5). To" in line
    assert runner.optim_wrapper.get_lr()["lr"][0] == 0.002  # as the line says


def test_another_setting_of_the_optimizer_is_said(scenes, tmp_path, damaged):
    def other(state):
        for group in state["optimizer"]["param_groups"]:
            group["weight_decay"], group["betas"] = 0.25, (0.5, 0.75)

    runner, warnings = build(
        scenes, tmp_path, damaged(other), resume=True, **{"train_cfg.max_epochs": 1}
    )
    runner.train()
    (line,) = [line for line in warnings if "schedule has changed" in line]
    for setting, now in (("weight decay 0.25", "0.05"), ("betas 0.5, 0.75", "0.9, 0.999")):
        assert f"the optimizer keeps the {setting} (config: {now})" in line
    group = runner.optim_wrapper.param_groups[0]
    assert (group["weight_decay"], group["betas"]) == (0.25, (0.5, 0.75))  # as the line says


def test_a_setting_that_one_optimizer_alone_has_is_no_change(scenes, tmp_path, damaged):
    def other(state):
        for group in state["optimizer"]["param_groups"]:
            group["momentum"] = 0.9  # the config's optimizer, AdamW, has betas

    same = {"train_cfg.max_epochs": 1, "param_scheduler": SCHEDULE}
    runner, warnings = build(scenes, tmp_path, damaged(other), resume=True, **same)
    runner.train()
    assert not [line for line in warnings if "schedule has changed" in line]


def test_what_is_equal_as_printed_is_no_change(scenes, tmp_path, damaged):
    runner, warnings = build(
        scenes, tmp_path, damaged(unschedule), resume=True, **{"train_cfg.max_epochs": 2}
    )
    runner.train()
    (line,) = [line for line in warnings if "schedule has changed" in line]
    assert "the progress jumps from 1 to 0.5. To train" in line  # alpha is 0.6 at both
    assert "alpha" not in line and "learning rate" not in line


def test_a_training_that_resumes_as_it_was_says_nothing(scenes, tmp_path, trained):
    same = {"train_cfg.max_epochs": 1, "param_scheduler": SCHEDULE}
    runner, warnings = build(scenes, tmp_path, trained, resume=True, **same)
    runner.train()
    assert not [line for line in warnings if "schedule has changed" in line]


def test_the_command_ends_with_one_line(scenes, tmp_path, damaged):
    config = tmp_path / "config.py"
    tiny_config(scenes, tmp_path / "run").dump(config)
    # In a process of its own, since the command gives names in mmdet's registries to adla.
    command = [sys.executable, "-m", "adla", "test", config, damaged(cut)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("adla: ") and last.count("it lacks 1") == 1
    assert "Traceback" not in done.stderr
