import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=160)


@pytest.mark.parametrize(
    ("line", "step"),
    [
        (
            "11/20 18:07:38 - mmengine - INFO - Epoch(train)  [3][ 15/30]  lr: 1e-4  eta: 0:34:42  "
            "time: 7.05  loss: 1.9569  loss_cls: 1.12",
            (0.25, "epoch 3/10, loss 1.9569"),
        ),
        ("Epoch(train) [10][30/30]  lr: 1e-4  loss: nan", (1.0, "epoch 10/10, loss nan")),
        ("Epoch(val)  [5][ 8/64]    eta: 0:00:20", (0.5, "validating after epoch 5: image 8/64")),
        ("Epoch(test)  [16/64]    eta: 0:00:20", (0.25, "image 16/64")),
        ("Saving checkpoint at 1 epochs", None),
    ],
)
def test_log_lines(tool, line, step):
    assert tool("demo_progress").read_step(line, max_epochs=10) == step


def test_a_silent_command_still_shows_that_it_lives(tool, monkeypatch, console, tmp_path):
    progress = tool("demo_progress")
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.5)
    with progress.Ticker(console, "sleeping") as ticker:
        command = [sys.executable, "-c", "import time; time.sleep(2.2); print('awake')"]
        progress.call(command, tmp_path / "x.log", tmp_path, lambda line: ticker.update())
    assert console.file.getvalue().count("sleeping:   0%  starting") >= 2
    assert (tmp_path / "x.log").read_text() == "awake\n"


def test_threads_of_a_command_sleep_when_they_wait(tool, tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    seen = []
    script = "import os; print(os.environ['OMP_WAIT_POLICY'])"
    tool("demo_progress").call(
        [sys.executable, "-c", script], tmp_path / "x.log", tmp_path, seen.append
    )
    assert "PASSIVE\n" in seen


def test_a_crash_shows_the_end_of_its_log(tool, tmp_path, capfd):
    script = "print('reason of the crash'); raise SystemExit(3)"
    with pytest.raises(SystemExit, match=r"failed with exit code 3; its whole output: .*x\.log"):
        tool("demo_progress").call(
            [sys.executable, "-c", script], tmp_path / "x.log", tmp_path, lambda line: None
        )
    assert "reason of the crash" in capfd.readouterr().err


def test_a_finished_run_is_read_and_other_settings_are_refused(tool, console, tmp_path):
    runs = tool("demo_runs")
    config = ROOT / "configs/demo/retinanet_csp-nano_fpn-p2_light_scenes.py"
    run = runs.Run("base", config, tmp_path / "base", {})
    run.work_dir.mkdir()
    digest = runs.settings_digest(run, "scenes")
    (run.work_dir / "settings.json").write_text(json.dumps({"digest": digest}))
    (run.work_dir / "result.json").write_text('{"AP": 0.25}')
    assert runs.run(run, tmp_path, "scenes", console) == {"AP": 0.25}
    assert "already trained" in console.file.getvalue()
    for changed, data in (
        (run, "other scenes"),
        (runs.Run("base", config, tmp_path / "base", {"train_cfg.max_epochs": 3}), "scenes"),
    ):
        with pytest.raises(SystemExit, match="--fresh"):
            runs.run(changed, tmp_path, data, console)


def test_configs_differ_in_head_and_assigner_only(tool):
    demo, runs = tool("demo"), tool("demo_runs")
    base, adla = (
        runs.Run(name, ROOT / "configs/demo" / f"{config}.py", Path(), {}).load_config().to_dict()
        for name, config in demo.CONFIGS.items()
    )
    assert base["model"]["bbox_head"].pop("type") == "RetinaHead"
    assert adla["model"]["bbox_head"].pop("type") == "AdlaRetinaHead"
    assert base["model"]["train_cfg"].pop("assigner")["pos_iou_thr"] == 0.5
    assert adla["model"]["train_cfg"].pop("assigner") == {"type": "AdaptiveDynamicAssigner"}
    assert base == adla


def test_foreign_scenes_are_not_touched(tool, console, tmp_path):
    demo = tool("demo")
    mine = tmp_path / "data/scenes/annotations"
    mine.mkdir(parents=True)
    for split in ("train", "val"):
        (mine / f"{split}.json").write_text('{"images": [1], "annotations": []}')
    for fresh in (False, True):
        with pytest.raises(SystemExit, match="does not hold the demo's 1 \\+ 1 scenes"):
            demo.prepare_scenes(tmp_path, 1, 1, fresh, console)
    assert (mine / "val.json").exists()


def test_table_shows_both_rows_and_the_difference(tool, console):
    demo = tool("demo")
    low = {key: 0.1 for key, _ in demo.COLUMNS.values()}
    high = dict(low, AP=0.223, pos_per_gt=7.25)
    console.print(demo.compare({"base": low, "ADLA": high}))
    lines = console.file.getvalue().splitlines()
    difference = next(line for line in lines if "difference" in line)
    assert "+12.3" in difference and "+7.2" in difference


@pytest.mark.slow
def test_whole_demo_in_small(tmp_path):
    command = [sys.executable, TOOLS / "demo.py", "--root", tmp_path, "--train", "8", "--val", "2",
               "--epochs", "1"]  # fmt: skip
    first = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert first.returncode == 0, first.stdout + first.stderr
    out = tmp_path / "work_dirs/demo"
    results = json.loads((out / "results.json").read_text())
    assert set(results) == {"fixed IoU .5/.4", "ADLA"}
    assert all(0 <= result["AP"] <= 1 for result in results.values())
    for name in ("curves", "detections", "assignments"):
        assert (out / f"{name}.png").stat().st_size > 5000
    again = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert again.returncode == 0 and again.stdout.count("already trained") == 2
