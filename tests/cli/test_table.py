import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from adla.cli.table import parse_args, run_stage
from adla.datasets.synthetic import write_scenes
from adla.experiments.tables import Row, Table

ROOT = Path(__file__).resolve().parents[2]


def call(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "adla", "table", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def tiny_options(root: Path) -> list[str]:
    """Return options that train a demo config on 2 + 1 scenes under `root` for an iteration."""
    options = ["train_cfg.max_epochs=1", "train_cfg.val_interval=1", "custom_hooks.1.interval=1"]
    options += ["train_dataloader.batch_size=2", "default_hooks.logger.interval=1"]
    for split in ("train", "val", "test"):
        options += [
            f"{split}_dataloader.dataset.data_root={root}/",
            f"{split}_dataloader.num_workers=0",
            f"{split}_dataloader.persistent_workers=False",
        ]
    files = [f"{split}_evaluator.ann_file={root}/annotations/val.json" for split in ("val", "test")]
    return options + files


@pytest.mark.slow
def test_a_row_from_a_crash_to_the_table(tmp_path):
    scenes = tmp_path / "scenes"
    write_scenes(scenes, 2, 1, size=64)
    options = ["--work-dir", tmp_path / "runs", "--cfg-options", *tiny_options(scenes)]
    (image,) = [
        f["file_name"] for f in json.loads((scenes / "annotations/val.json").read_text())["images"]
    ]
    whole = (scenes / "images" / image).read_bytes()
    (scenes / "images" / image).write_bytes(b"torn")

    crashed = call("train", "V", "fixed", "dynamic-iou", "--dataset", "demo", *options)
    assert crashed.returncode == 1, crashed.stdout + crashed.stderr
    assert "dynamic-iou: no counterpart on demo" in crashed.stdout
    assert "FAILED light-demo fixed (seed 0): crashed in train" in crashed.stdout
    assert "train: 0 of 1 runs done; failed: fixed (seed 0)" in crashed.stdout

    (scenes / "images" / image).write_bytes(whole)
    trained = call("train", "light", "fixed", "--dataset", "demo", *options)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "fixed (seed 0): resumes from epoch_1.pth" in trained.stdout
    tested = call("test", "light-demo", "fixed", *options)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    shown = call("show", "light-demo", *options)
    assert shown.returncode == 0, shown.stderr
    (row,) = [line for line in shown.stdout.splitlines() if line.startswith("| fixed ")]
    assert "| tested " in row and "?" not in row


def trains(pid: str) -> bool:
    """Say whether a process is a training, which a command also starts others beside."""
    try:
        return "train.py" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has ended
        return False


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_ended_from_outside_it_ends_the_training_and_starts_no_other(tmp_path, how):
    scenes, runs = tmp_path / "scenes", tmp_path / "runs"
    write_scenes(scenes, 2, 1, size=64)
    command = [sys.executable, "-m", "adla", "table", "train", "light-demo", "fixed", "adla"]
    options = ["--work-dir", str(runs), "--cfg-options", *tiny_options(scenes)]
    process = subprocess.Popen(
        [*command, *options, "train_cfg.max_epochs=5000"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (training := [pid for pid in children.read_text().split() if trains(pid)]):
        time.sleep(0.1)
    process.send_signal(how)
    errors = process.communicate()[1]
    if how == signal.SIGTERM:
        assert process.returncode == 1 and "interrupted; call it again" in errors
    ends = (time.sleep(0.1) or not Path(f"/proc/{training[0]}").exists() for _ in range(600))
    assert any(ends)
    assert len(list(runs.rglob("seed0"))) == 1


def test_all_tables_at_once_without_mmdet(tmp_path):
    shown = call("show", "--work-dir", tmp_path)
    assert shown.returncode == 0 and not shown.stderr
    assert "Table VIII" in shown.stdout and "MSLA-I" in shown.stdout
    listed = call("list", "III", "light-demo")
    assert "fsanet" in listed.stdout and "paper only" not in listed.stdout
    titles = [line for line in listed.stdout.splitlines() if line and not line.startswith(" ")]
    assert [title.split(":")[0] for title in titles] == ["III", "light-demo"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "VX"], "there is no table 'VX': did you mean V?"),
        (["train", "V", "adlas"], "there is no row of table V 'adlas': did you mean adla?"),
        (["train", "III", "autoassign", "--dataset", "demo"], "has a small counterpart on demo"),
        (["test", "V", "adla", "--gpus", "2"], "2 devices with the launcher local"),
        (["show", "V", "--cfg-options", "lr"], "--cfg-options takes KEY=VALUE, but got 'lr'"),
    ],
)
def test_bad_input_is_one_message(tmp_path, arguments, message):
    command, *rest = arguments
    result = call(command, "--work-dir", tmp_path, *rest)
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr


def test_a_row_without_a_config_is_not_run(tmp_path):
    rows = (Row("old", "Old", status="paper only", reason="not public"),)
    table = Table("T", None, "t", "demo", ("AP",), "tiny", (), {}, (), rows)
    args = parse_args(["train", "T", "old", "--work-dir", str(tmp_path)])
    with pytest.raises(ValueError, match="none of these rows has a config"):
        run_stage(args, {"T": table}, Console(quiet=True))


def test_no_data_set_is_said_before_a_training_starts(tmp_path):
    if (ROOT / "data/aitod").exists():
        pytest.skip("AI-TOD is here")
    result = call("train", "V", "adla", "--work-dir", tmp_path)
    assert result.returncode == 1
    assert "the data set is not there: no " in result.stdout
    assert "adla convert aitod SOURCE data/aitod makes it" in result.stdout
    assert not list(tmp_path.rglob("*.log"))
