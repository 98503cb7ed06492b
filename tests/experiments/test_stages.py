"""Stages with commands that leave what a training and a test leave, and that crash at will."""

import json
import sys

import pytest
from mmengine.config import Config

from adla.experiments.dataset_paths import check_data
from adla.experiments.launcher import Launcher
from adla.experiments.runs import describe, load_record, make_run
from adla.experiments.stages import Stages

from ..config_utils import CONFIG_ROOT
from ..held_lock import held_elsewhere

ROOT = CONFIG_ROOT.parent


class Machine:
    """Runs commands: `crashing` are the folders whose trainings and tests fail."""

    def __init__(self):
        self.commands, self.said, self.crashing = [], [], set()

    def execute(self, command, log, title, epochs):
        self.commands.append(command)
        work_dir = log.parent
        log.write_text("Traceback\n\nValueError: the reason\n")
        if work_dir.name in self.crashing:
            return False
        if "train.py" in command[1]:
            (work_dir / "epoch_8.pth").touch()
            (work_dir / "last_checkpoint").write_text("/elsewhere/epoch_8.pth")
        else:
            out = work_dir / "test/20260101_000000"
            out.mkdir(parents=True, exist_ok=True)
            (out / "a.json").write_text(json.dumps({"tiny/AP50": 0.5, "tiny/AP": 0.25}))
        return True


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def stages(machine, table, tmp_path, monkeypatch):
    from adla.experiments import stages as module

    monkeypatch.setattr(module, "check_data", lambda *args: None)  # there are no scenes here
    return Stages(table, Launcher(ROOT), machine.execute, machine.said.append)


def test_the_others_go_on_and_a_crash_is_resumed(stages, machine, table, tmp_path):
    runs = [make_run(tmp_path, table.rows[0], seed, {}) for seed in (0, 1, 2)]
    machine.crashing = {"seed1"}
    assert stages.run_all("train", runs) == ["fixed (seed 1)"]
    assert "crashed in train: ValueError: the reason; its whole output" in machine.said[-1]
    assert [describe(run) for run in runs] == ["trained", "crashed in train", "trained"]
    assert stages.run_all("test", runs[1:]) == ["fixed (seed 1)"]
    assert "not trained to its end yet" in machine.said[-1]
    assert [describe(run) for run in runs] == ["trained", "crashed in train", "tested"]

    machine.crashing, before = set(), len(machine.commands)
    (runs[1].work_dir / "epoch_3.pth").touch()
    (runs[1].work_dir / "last_checkpoint").write_text(str(runs[1].work_dir / "epoch_3.pth"))
    assert stages.run_all("train", runs) == []
    assert len(machine.commands) == before + 1
    assert "fixed (seed 1): resumes from epoch_3.pth" in machine.said
    assert stages.run_all("test", runs) == []
    assert [describe(run) for run in runs] == ["tested"] * 3
    assert load_record(runs[1]).checkpoint == "epoch_8.pth"

    before = len(machine.commands)
    assert stages.run_all("test", runs) == [] and len(machine.commands) == before
    (runs[0].work_dir / "test/20260101_000000/a.json").write_text("{")
    assert stages.run_all("test", runs) == [] and len(machine.commands) == before + 1


def test_what_a_test_did_not_measure_is_a_failure(stages, machine, table, tmp_path):
    run = make_run(tmp_path, table.rows[0], 0, {})
    stages.run_all("train", [run])
    stages.table = type(table)(**{**vars(table), "columns": ("AP50", "AP_car")})
    assert stages.run_all("test", [run]) == ["fixed (seed 0)"]
    assert "the test gave no AP_car" in machine.said[-1]


def test_a_changed_config_and_a_second_process_are_refused(stages, machine, table, tmp_path):
    run = make_run(tmp_path, table.rows[0], 0, {})
    stages.run_all("train", [run])
    record = json.loads(run.record_file.read_text())
    run.record_file.write_text(json.dumps(record | {"digest": "old"}))
    assert stages.run_all("test", [run])
    assert "has changed since" in machine.said[-1]
    assert f"mv {run.work_dir} {run.work_dir}.old" in machine.said[-1]
    with held_elsewhere(run.work_dir / ".lock"):
        assert describe(run) == "training"
        assert stages.run_all("train", [run])
    assert f"another process is at it and holds {run.work_dir / '.lock'}" in machine.said[-1]


def test_an_option_that_does_not_fit_stops_no_other_row(stages, machine, table, tmp_path):
    wrong = [
        make_run(tmp_path, table.rows[0], 0, {key: 3})
        for key in ("param_scheduler.9.end", "model.bbox_head.num_classes.x")
    ]
    fine = make_run(tmp_path, table.rows[0], 0, {})
    assert stages.run_all("train", [*wrong, fine]) == ["fixed (seed 0)"] * 2
    for said in machine.said:
        assert "does not fit demo/retinanet_csp-nano_fpn-p2_light_scenes.py" in said
    assert describe(fine) == "trained"


def test_a_data_set_that_is_not_there_says_how_to_get_it(tmp_path):
    cfg = Config.fromfile(CONFIG_ROOT / "demo/retinanet_csp-nano_fpn-p2_light_scenes.py")
    with pytest.raises(
        FileNotFoundError, match=r"no .*data/scenes/annotations/train.json: make it"
    ):
        check_data(cfg, ("train", "val"), tmp_path, lambda message: ": make it")
    for name in ("annotations/train.json", "annotations/val.json", "images/a.png"):
        (tmp_path / "data/scenes" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data/scenes" / name).touch()
    check_data(cfg, ("train", "val"), tmp_path, str)


def test_command_lines(table, tmp_path):
    run = make_run(tmp_path, table.rows[1], 3, {"a.b": [1, (2.5, None)]})
    flags = ["--cfg-options", "randomness.seed=3", "model.x=2", "a.b=[1,(2.5,None)]"]
    local = Launcher(ROOT).train(run)
    assert local[:2] == [sys.executable, str(ROOT / "tools/train.py")] and local[-4:] == flags
    assert "--resume" in local and "--auto-scale-lr" not in local
    torchrun = Launcher(ROOT, "pytorch", 4).train(run)
    script = torchrun.index(str(ROOT / "tools/dist_train.sh"))
    assert torchrun[script + 2] == "4" and "--auto-scale-lr" in torchrun
    slurm = Launcher(ROOT, "slurm", 8, "gpu").test(run, tmp_path / "x.pth", {"c": True})
    script = slurm.index(str(ROOT / "tools/slurm_test.sh"))
    assert slurm[script + 1 : script + 3] == ["gpu", "adla-gamma"] and "GPUS=8" in slurm
    assert slurm[script + 4] == str(tmp_path / "x.pth") and slurm[-1] == "c=True"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(kind="mpi"), "launcher must be one of"),
        (dict(gpus=2), "2 devices with the launcher local"),
        (dict(kind="slurm"), "a partition goes with --launcher slurm"),
        (dict(kind="pytorch", partition="p"), "a partition goes with"),
    ],
)
def test_launchers_that_do_not_go(arguments, message):
    with pytest.raises(ValueError, match=message):
        Launcher(ROOT, **arguments)


def test_runs_of_other_options_lie_elsewhere_and_equal_ones_together(table, tmp_path):
    plain = make_run(tmp_path, table.rows[0], 0, {})
    again = make_run(tmp_path, table.rows[0], 0, {"model.x": 2})
    assert plain.work_dir != again.work_dir
    assert again.work_dir == make_run(tmp_path, table.rows[1], 0, {}).work_dir
