"""The check of a GPU: how it divides the time, what it keeps, and all its steps on the CPU."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from tools.gpu_steps import records
from tools.gpu_steps.gpu_tests import count, find_files, reasons
from tools.gpu_steps.plan import RESERVE, STEPS, Step, choose, time_limit
from tools.gpu_steps.records import Record, table
from tools.gpu_steps.run_steps import GRACE, call, failure, run_step

from ..config_utils import load, write_coco

ROOT = Path(__file__).resolve().parents[2]


def make_steps(*shares: float, least: float = 10) -> list[Step]:
    return [Step("x", f"x{i}", "x", "X", share, least) for i, share in enumerate(shares)]


class TestTime:
    def test_a_step_gets_its_share_and_what_was_left_over(self):
        steps = make_steps(1, 3)
        assert time_limit(steps, 100 + RESERVE) == 25
        assert time_limit(steps[1:], 90 + RESERVE) == 90

    def test_a_small_share_is_filled_up(self):
        assert time_limit(make_steps(1, 99, least=40), 100 + RESERVE) == 40

    def test_too_little_time_skips_a_step(self):
        assert time_limit(make_steps(1, least=40), 39 + RESERVE) == 0

    @pytest.mark.parametrize("minutes", [0.5, 2, 5, 9, 30])
    def test_the_limits_never_exceed_the_time(self, minutes):
        left, started = minutes * 60, 0
        for index in range(len(STEPS)):
            limit = time_limit(STEPS[index:], left)
            left -= limit
            started += limit > 0
            assert left >= (RESERVE if limit else 0)
        assert started == len(STEPS) or minutes < 9

    def test_letters(self):
        assert [step.name for step in choose("c, e")] == [
            "a1_device", "c_assigners", "e1_msla_s", "e2_msla_n",
        ]  # fmt: skip
        assert choose(None) == list(STEPS)
        with pytest.raises(ValueError, match=r"letters of a, b, c, d, e, f, but got \['x'\]"):
            choose("a,x")


class TestRecords:
    def test_a_table_has_every_column_once(self):
        rows = [{"op": "a|b", "ms": 0.123456}, {"op": "c", "MiB": 12345, "host_syncs": None}]
        assert table(rows).splitlines() == [
            "| op   | ms     | MiB    | host syncs |",
            "| ---- | ------ | ------ | ---------- |",
            "| a\\|b | 0.1235 | -      | -          |",
            "| c    | -      | 12,345 | -          |",
        ]

    def test_what_is_saved_is_read(self, tmp_path):
        record = Record("x", "X", rows=[{"a": 1}], errors=["Traceback"], says="so")
        record.save(tmp_path)
        assert records.load(tmp_path, "x") == record
        assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json", "x.md"]
        assert "| 1 |" in (tmp_path / "x.md").read_text()
        assert records.load(tmp_path, "y") is None


class TestProcesses:
    def test_one_that_takes_too_long_is_ended_with_its_children(self, tmp_path):
        child = f"import time; time.sleep(60)  # {tmp_path}"
        code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
        assert call([sys.executable, "-c", code], tmp_path / "log", 3) is None
        alive = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
        assert child not in alive.replace(code, "")

    def test_an_exit_code_and_the_last_traceback_are_kept(self, tmp_path):
        code = "print('first'); raise KeyError('lost')"
        assert call([sys.executable, "-c", code], tmp_path / "log", 20) == 1
        lines = failure(tmp_path / "log").splitlines()
        assert lines[0].startswith("Traceback") and lines[-1] == "KeyError: 'lost'"

    def test_the_cpu_sees_no_gpu(self, tmp_path):
        code = "import os, sys; sys.exit(os.environ['CUDA_VISIBLE_DEVICES'] == '')"
        assert call([sys.executable, "-c", code, "--device", "cpu"], tmp_path / "log", 20) == 1

    def test_a_step_that_does_not_start_is_recorded(self, tmp_path):
        record = run_step(Step("x", "x", "no_such_step", "X", 1, 10), 20, tmp_path, [])
        assert record.state == records.FAILED and "no_such_step" in record.says
        assert records.load(tmp_path, "x") == record


def test_only_an_error_makes_a_step_fail(tmp_path, monkeypatch):
    from tools.gpu_steps.step import Job

    words = (
        f"x --name x --title X --out {tmp_path} --seconds 9 --device cpu --sirst-v2 a --hit-uav b"
    )
    monkeypatch.setattr(sys, "argv", words.split())
    job = Job()

    def raise_it(error):
        raise error

    assert job.attempt("a", lambda: 3) == 3
    assert job.attempt("b", lambda: raise_it(torch.cuda.OutOfMemoryError("x"))) == "out of memory"
    assert not job.record.errors
    assert job.attempt("c", lambda: raise_it(KeyError("lost"))) == "KeyError: 'lost'"
    assert job.record.errors[0].startswith("c\nTraceback")
    job.late("the time is over")
    assert job.record.state == records.LATE
    assert records.load(tmp_path, "x") == job.record


def test_outcomes_of_tests_are_counted():
    lines = [
        "tests/a/test_b.py::TestC::test_d[cuda-1] PASSED [ 50%]",
        "tests/a/test_b.py::test_e FAILED [100%]",
        "tests/a/test_b.py::test_f",  # the one at which the time was over
        "FAILED tests/a/test_b.py::test_e - AssertionError: assert 1 == 2",
        "ERROR tests/a/test_g.py - ModuleNotFoundError: No module named 'x'",
    ]
    assert count(lines) == {"tests/a/test_b.py": {"passed": 1, "failed": 1}}
    assert [line.split(" - ")[0] for line in reasons(lines)] == [
        "tests/a/test_b.py::test_e", "tests/a/test_g.py",
    ]  # fmt: skip
    assert ROOT / "tests/engine/test_training.py" in find_files(ROOT / "tests")


@pytest.fixture
def benchmarks(monkeypatch):
    """Let modules of tools/benchmark find each other, as gpu_check does."""
    monkeypatch.syspath_prepend(str(ROOT / "tools" / "benchmark"))


def test_host_syncs_are_counted(benchmarks):
    from host_syncs import count_host_syncs

    x = torch.arange(6.0)
    assert count_host_syncs(lambda: x * 2 + x.sum(), "cpu") == 0
    assert count_host_syncs(lambda: x.sum().item(), "cpu") == 1
    assert count_host_syncs(lambda: x[x > 2], "cpu") == 1
    assert count_host_syncs(lambda: x.repeat_interleave(x.long()), "cpu") == 1
    assert count_host_syncs(lambda: x.repeat_interleave(x.long(), output_size=15), "cpu") == 0
    assert count_host_syncs(lambda: x[torch.tensor([1])], "cpu") == 0


class TestSchedules:
    def test_one_of_300_epochs(self):
        from tools.gpu_steps.training_configs import shorten

        cfg = load("msla/yolov8-s_pafpn-p2_msla-300e_sirst-v2.py")
        cfg.whole_epochs = 300
        for epochs, last in ((300, 290), (60, 50), (20, 15), (1, 0)):
            changed = Config(cfg.to_dict())
            shorten(changed, epochs, 32)
            (hook,) = (hook for hook in changed.custom_hooks if hook.type == "PipelineSwitchHook")
            assert hook.switch_epoch == last

    def test_milestones(self):
        from tools.gpu_steps.training_configs import shorten

        cfg = load("retinanet/retinanet_r50_fpn-p2_1x_hit-uav.py")
        cfg.whole_epochs = 12
        shorten(cfg, 3, 100)
        warmup, steps = cfg.param_scheduler
        assert not warmup.by_epoch and (warmup.begin, warmup.end) == (0, 125)
        assert not steps.by_epoch and (steps.begin, steps.end) == (0, 300)
        assert steps.milestones == [200, 275]

    def test_epochs_that_fit(self):
        from tools.gpu_steps.trainings import Pace, fitting_epochs

        cfg = Config(dict(train_cfg=dict(max_epochs=12)))
        assert fitting_epochs(cfg, Pace(0.1, 100), 51) == 4  # four fifths of 51 s at 10 s each
        assert fitting_epochs(cfg, Pace(0.001, 100), 51) == 12
        with pytest.raises(ValueError, match="no epoch fits: one takes 100 s, and 51 s are left"):
            fitting_epochs(cfg, Pace(1, 100), 51)


def run_tool(out: Path, *words: object, timeout: float = 580) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "tools" / "gpu_check.py", "--out", out, *words]
    return subprocess.run(
        [str(word) for word in command], text=True, capture_output=True, timeout=timeout
    )


def test_a_letter_that_is_none_ends_with_one_line(tmp_path):
    result = run_tool(tmp_path, "--only", "z")
    assert result.returncode == 1
    assert result.stderr.startswith("gpu_check: --only takes letters of a, b, c")


@pytest.mark.slow
def test_without_a_gpu_it_says_so_and_stops(tmp_path):
    result = run_tool(tmp_path, "--device", "cuda:97", "--minutes", 5)
    assert result.returncode == 1
    first, *others = (tmp_path / "summary.md").read_text().splitlines()[4:]
    assert "no cuda:97 here" in first and "no device" in first
    assert len(others) == len(STEPS) - 1 and all("skipped" in line for line in others)


MSLA = "msla/yolov8-n_pafpn-p2_msla-300e_sirst-v2.py"
RETINANET = "retinanet/retinanet_r50_fpn-p2_1x_hit-uav.py"


def write_data(root: Path, config: str, train_file: str, val_file: str) -> Path:
    """Write three images for each split of a config."""
    cfg = load(config)
    for loader, file in ((cfg.train_dataloader, train_file), (cfg.val_dataloader, val_file)):
        write_coco(root, dict(loader.dataset, ann_file=file), [(96, 80)] * 3)
    return root


def write_sirst(root: Path) -> Path:
    return write_data(root, MSLA, "annotations/train_full.json", "annotations/val_full.json")


@pytest.mark.slow
def test_a_training_is_timed_and_shortened(tmp_path, monkeypatch):
    from tools.gpu_steps import training_configs, trainings

    monkeypatch.setattr(trainings, "WARM", 2)
    monkeypatch.setattr(trainings, "TIMED", 3)
    cfg = training_configs.load(MSLA, str(tmp_path / "runs"))
    root = write_sirst(tmp_path / "data")
    training_configs.use_data(cfg, root, "annotations/train_full.json", "annotations/val_full.json")
    training_configs.make_small(cfg, side=64, images=3)
    cfg.train_dataloader.update(num_workers=1, persistent_workers=True)
    pace = trainings.time_training(cfg)
    assert 0 < pace.seconds < 60 and pace.iterations == 2
    found = trainings.train(cfg, 3, pace.iterations)
    assert found["epochs"] == "3 of 300" and 0 <= found["sirst/recall"] <= 1
    assert found["images/s in training"] > 0 and found["images/s in the test"] > 0


@pytest.mark.slow
def test_every_step_runs_on_the_cpu(tmp_path):
    sirst = write_sirst(tmp_path / "sirst")
    uav = write_data(tmp_path / "uav", RETINANET, "train.json", "val.json")
    flags = ("--sirst-v2", sirst, "--hit-uav", uav)
    result = run_tool(tmp_path / "out", "--device", "cpu", "--minutes", 30, *flags, timeout=1800)
    found = {s.name: json.loads((tmp_path / f"out/{s.name}.json").read_text()) for s in STEPS}
    assert {r["state"] for r in found.values()} == {"done"}, result.stdout + result.stderr
    assert result.returncode == 0
    assert len(found["a2_ops"]["rows"]) == 57
    assert {row["precision"] for row in found["d_steps"]["rows"]} == {"fp32", "AMP, adla"}
    assert all(row["host_syncs"] >= 0 for row in found["c_assigners"]["rows"])
    assert all(0 <= found[name]["rows"][0]["AP50"] <= 100 for name in ("e1_msla_s", "e2_msla_n"))
    assert [row["thresholds"] for row in found["f_hit_uav"]["rows"]] == ["fixed", "ADLA"]


@pytest.mark.slow
def test_too_little_time_leaves_what_there_was(tmp_path):
    result = run_tool(tmp_path, "--device", "cpu", "--minutes", 0.75, "--only", "c,f")
    states = [json.loads((tmp_path / f"{s.name}.json").read_text())["state"] for s in choose("c,f")]
    assert states[1:] == ["skipped", "skipped"], result.stdout
    assert GRACE < RESERVE
