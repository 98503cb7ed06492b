import io
import os
import signal
import subprocess
import sys
from functools import partial

import pytest
from rich.console import Console

from adla.experiments import progress


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
def test_log_lines(line, step):
    assert progress.read_step(line, max_epochs=10) == step


def test_a_silent_command_still_shows_that_it_lives(monkeypatch, console, tmp_path):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.5)
    with progress.Ticker(console, "sleeping") as ticker:
        command = [sys.executable, "-c", "import time; time.sleep(4); print('awake')"]
        progress.call(command, tmp_path / "x.log", tmp_path, lambda line: ticker.update())
    assert console.file.getvalue().count("sleeping:   0%  starting") >= 2
    assert (tmp_path / "x.log").read_text() == "awake\n"


def test_threads_of_a_command_sleep_when_they_wait(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    seen = []
    script = "import os; print(os.environ['OMP_WAIT_POLICY'])"
    command = [sys.executable, "-c", script]
    assert progress.call(command, tmp_path / "x.log", tmp_path, seen.append) == 0
    assert "PASSIVE\n" in seen


def test_a_crash_shows_the_end_of_its_log(console, tmp_path, capfd):
    script = "print('reason of the crash'); raise SystemExit(3)"
    command, log = [sys.executable, "-c", script], tmp_path / "x.log"
    assert not progress.execute(console, tmp_path, command, log, "training", 1)
    assert "reason of the crash" in capfd.readouterr().err
    assert progress.execute(console, tmp_path, [sys.executable, "-c", ""], log, "training", 1)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not signal it")
def test_a_command_whose_parent_has_ended_before_it_began_ends():
    ours = subprocess.Popen(
        [sys.executable, "-c", ""], preexec_fn=partial(progress.end_with, os.getpid())
    )
    assert ours.wait() == 0
    orphan = subprocess.Popen(
        ["sleep", "60"], preexec_fn=partial(progress.end_with, os.getpid() + 1)
    )
    assert orphan.wait() == -signal.SIGTERM
