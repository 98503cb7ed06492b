import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from yapf.yapflib import style

from adla.cli import mmdet_script
from adla.cli.mmdet_script import suggest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"


def run_tool(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **env},
        text=True,
        capture_output=True,
    )


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("No such file: 'data/scenes/annotations/train.json'", "tools/make_scenes.py"),
        (
            "No such file: '/x/data/sirst-v2/annotations/a.json'",
            "adla convert sirst-v2 SOURCE data/sirst-v2",
        ),
        (
            "No such file: 'data/aitod/annotations/aitod_test_v1.json'",
            "adla convert aitod SOURCE data/aitod",
        ),
        ("work_dirs/a.pth can not be found.", ""),
        ('file "nothing-like-any-of-ours-xyzzy.py" does not exist', ""),
    ],
)
def test_hint_for_a_missing_file(message, hint):
    found = suggest(message)
    assert hint in found and bool(found) == bool(hint)


def test_a_mistyped_config_is_recognized():
    config = sorted((ROOT / "configs").glob("[!_]*/*.py"))[0]
    wrong = config.name.replace(".py", "x.py")
    assert config.name in suggest(f'file "/a/{wrong}" does not exist')


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train.py", "test.py"])
def test_a_missing_config_ends_with_one_line(name, tmp_path):
    checkpoint = ["none.pth"] if name == "test.py" else []
    result = run_tool(sys.executable, TOOLS / name, "no.py", *checkpoint, cwd=tmp_path)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1].startswith("adla: ")
    assert "no.py" in result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_missing_annotations_end_with_one_line(tmp_path):
    config = TOOLS.parent / "configs" / "retinanet"
    config = sorted(config.glob("*sirst-v2.py"))[0]
    result = run_tool(sys.executable, TOOLS / "train.py", config, cwd=tmp_path)
    last = result.stderr.splitlines()[-1]
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "data/sirst-v2/annotations/" in last and "adla convert sirst-v2" in last


@pytest.mark.slow
def test_flags_are_those_of_mmdet(tmp_path):
    result = run_tool(sys.executable, TOOLS / "train.py", "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert {"--amp", "--auto-scale-lr", "--cfg-options"} <= set(result.stdout.split())


@pytest.fixture
def fake(tmp_path):
    """A folder with a command that prints its arguments, one per line."""

    def make(name: str) -> Path:
        path = tmp_path / name
        path.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        path.chmod(0o755)
        return path

    return make


def test_dist_train_forwards_everything(fake, tmp_path):
    env = {"PYTHON": str(fake("python")), "NNODES": "2", "NODE_RANK": "1", "PORT": "1234"}
    script = os.path.relpath(TOOLS / "dist_train.sh", tmp_path)
    args = ["a config.py", "4", "--amp", "--cfg-options", "a=1", "b=x y"]
    result = run_tool(script, *args, cwd=tmp_path, **env)
    words = result.stdout.splitlines()
    start = words.index(os.path.relpath(TOOLS / "train.py", tmp_path))
    tail = ["a config.py", "--launcher", "pytorch", "--amp", "--cfg-options", "a=1", "b=x y"]
    assert words[start + 1 :] == tail
    options = dict(zip(words[2:start:2], words[3:start:2], strict=True))
    assert options == {
        "--nnodes": "2",
        "--node_rank": "1",
        "--nproc_per_node": "4",
        "--master_addr": "127.0.0.1",
        "--master_port": "1234",
    }


def test_dist_test_forwards_everything(fake, tmp_path):
    result = run_tool(
        TOOLS / 'dist_test.sh', 'c.py', 'w.pth', '2', '--out', 'o.pkl',
        cwd=tmp_path, PYTHON=str(fake('python')),
    )  # fmt: skip
    words = result.stdout.splitlines()
    assert words[words.index(str(TOOLS / 'test.py')) + 1 :] == [
        'c.py', 'w.pth', '--launcher', 'pytorch', '--out', 'o.pkl',
    ]  # fmt: skip
    assert words[words.index("--nproc_per_node") + 1] == "2"


@pytest.mark.parametrize(("name", "args"), [("train", ["c.py"]), ("test", ["c.py", "w.pth"])])
def test_slurm_forwards_everything(fake, tmp_path, name, args):
    fake("srun")
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GPUS": "4", "SRUN_ARGS": "--qos a"}
    script = TOOLS / f"slurm_{name}.sh"
    result = run_tool(script, "part", "job", *args, "--amp", cwd=tmp_path, **env)
    words = result.stdout.splitlines()
    assert words[-len(args) - 3 :] == [*args, "--launcher", "slurm", "--amp"]
    expected = {"--partition=part", "--job-name=job", "--gres=gpu:4", "--ntasks=4", "--qos", "a"}
    assert expected <= set(words)


@pytest.mark.parametrize("name", ["dist_train", "dist_test", "slurm_train", "slurm_test"])
def test_missing_arguments_show_the_usage(name, tmp_path):
    result = run_tool(TOOLS / f"{name}.sh", cwd=tmp_path)
    assert result.returncode == 2 and result.stderr.startswith("usage: ")


@pytest.mark.usefixtures("heeded_stops")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_that_mmengine_takes_for_a_faulty_config(monkeypatch, sent):
    def show_config(*_):
        with pytest.raises(SyntaxError, match="Failed to format") as error:
            Config({"work_dir": "work"}).pretty_text  # noqa: B018
        raise error.value

    monkeypatch.setattr(style, "CreateStyleFromConfig", lambda _: signal.raise_signal(sent))
    monkeypatch.setattr(mmdet_script, "_run", show_config)
    with pytest.raises(SystemExit, match="adla: stopped; with --resume"):
        mmdet_script.run("train.py", [], None)
