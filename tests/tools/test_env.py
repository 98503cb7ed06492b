import importlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "env" / "setup_env.py"


@pytest.fixture
def env(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOL.parent))
    return importlib.import_module("setup_env")


@pytest.fixture
def setup(env, tmp_path):
    """The set-up of an empty folder."""
    with (tmp_path / ".adla-lock").open("w") as lock:
        yield env.Setup(tmp_path, "onedl", lock.fileno())


def install(venv: Path, name: str, version: str = "1", module: str | None = "pass") -> Path:
    """Put a distribution of one module where pip would put it; None: its module is lost."""
    site = venv / "lib" / "python3.11" / "site-packages"
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    if module is not None:
        (site / f"{name}.py").write_text(module)
    (info / "RECORD").write_text(f"{name}.py,,\n{info.name}/RECORD,,\n__pycache__/{name}.pyc,,\n")
    return info


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12)])
def test_supported_python(env, version):
    env.check_python(version, has_ensurepip=True)
    with pytest.raises(env.SetupError, match=rf"install python3\.{version[1]}-venv"):
        env.check_python(version, has_ensurepip=False)


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 13)])
def test_unsupported_python_is_named(env, version):
    with pytest.raises(env.SetupError, match=rf"Python {version[0]}\.{version[1]} .*PYTHON="):
        env.check_python(version, has_ensurepip=True)


def test_a_small_disk_is_named(env, tmp_path):
    env.check_disk(tmp_path, needed_gb=0)
    with pytest.raises(env.SetupError, match=f"{tmp_path} has .* GB free .* VENV="):
        env.check_disk(tmp_path, needed_gb=1e9)


@pytest.mark.parametrize(("stack", "other"), [("onedl", "mmdet"), ("openmmlab", "onedl_mmcv")])
def test_the_other_family_is_refused(env, stack, other):
    checks = importlib.import_module("checks")
    env.check_families({name.replace("-", "_") for name in checks.read_family(stack)}, stack)
    with pytest.raises(env.SetupError, match=f"holds {other.replace('_', '-')}, "):
        env.check_families({"torch", other}, stack)


def test_a_folder_with_other_things_is_refused(env, tmp_path):
    (tmp_path / ".adla-lock").touch()
    env.check_folder(tmp_path)
    (tmp_path / "letter.txt").touch()
    with pytest.raises(env.SetupError, match="is no environment and not empty"):
        env.check_folder(tmp_path)


def test_an_environment_of_another_python_is_refused(env, tmp_path):
    config = tmp_path / "pyvenv.cfg"
    config.write_text(f"home = /usr/bin\nversion = {sys.version.split()[0]}\n")
    env.check_folder(tmp_path)
    config.write_text("home = /usr/bin\nversion = 3.9.1\n")
    with pytest.raises(env.SetupError, match=r"made with Python 3\.9, not with"):
        env.check_folder(tmp_path)


def test_a_distribution_without_its_files_is_broken(env, tmp_path):
    whole = install(tmp_path, "whole")
    lost = install(tmp_path, "lost", module=None)
    torn = install(tmp_path, "torn")
    (torn / "RECORD").unlink()
    assert env.list_infos(tmp_path) == [lost, torn, whole]
    assert [env.is_broken(info) for info in (whole, lost, torn)] == [False, True, True]


def test_key_follows_what_is_installed(env, tmp_path):
    keys = {env.compute_key(tmp_path, "onedl"), env.compute_key(tmp_path, "openmmlab")}
    info = install(tmp_path, "numpy", "2.2.6")
    keys.add(env.compute_key(tmp_path, "onedl"))
    info.rename(info.with_name("numpy-2.2.7.dist-info"))
    keys.add(env.compute_key(tmp_path, "onedl"))
    assert len(keys) == 4
    assert env.compute_key(tmp_path, "onedl") in keys


def test_ready_only_while_nothing_changes(env, setup, monkeypatch, capsys):
    steps = ("_make_venv", "_install_packages", "_pip", "_run")
    called = []
    for step in steps:
        monkeypatch.setattr(setup, step, lambda *_, step=step: called.append(step))
    monkeypatch.setattr(env, "check_folder", lambda _: None)
    monkeypatch.setattr(env, "check_disk", lambda _: None)
    install(setup.venv, "torch")
    setup.run()
    assert called == list(steps)
    setup.run()
    assert called == list(steps) and capsys.readouterr().out.count("environment ready") == 2
    (setup.venv / "lib/python3.11/site-packages/torch.py").unlink()
    setup.run()
    assert called == list(steps) * 2 and env.list_infos(setup.venv) == []


def test_not_ready_after_a_step_that_failed(env, setup, monkeypatch):
    monkeypatch.setattr(env, "check_disk", lambda _: None)
    monkeypatch.setattr(setup, "_make_venv", lambda: None)
    setup.ready.write_text("the key of an earlier environment")
    setup.python = Path("false")
    with pytest.raises(env.SetupError, match="failed, see above; the next call resumes"):
        setup.run()
    assert not setup.ready.exists()


def test_a_venv_that_cannot_be_made_is_named(env, setup, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(env.SetupError, match=f"cannot make a venv in {setup.venv}: "):
        setup._make_venv()


def test_a_command_has_its_own_temporary_folder(setup, tmp_path):
    out = tmp_path / "out"
    code = f"import tempfile; open('{out}', 'w').write(tempfile.mkdtemp())"
    setup._run(sys.executable, "-c", code)
    assert out.read_text().startswith(f"{setup.venv}/.adla-tmp/")
    assert not Path(out.read_text()).exists()


@pytest.mark.parametrize("options", [[], ["--no-build-isolation"]])
def test_a_build_without_isolation_has_no_constraint_of_it(setup, tmp_path, options):
    out = tmp_path / "out"
    code = f"import os; open('{out}', 'w').write(' '.join(os.environ))"
    setup._run(sys.executable, "-c", code, *options)
    names = out.read_text().split()
    assert "PIP_CONSTRAINT" in names
    assert ("PIP_BUILD_CONSTRAINT" in names) == (not options)


def wait_until(is_so: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition and fail where it does not come true in time."""
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_nothing_outlives_an_interrupted_command(tmp_path):
    pid_file = tmp_path / "pid"
    code = (
        f"import sys; sys.path.insert(0, {str(TOOL.parent)!r}); import setup_env\n"
        "from pathlib import Path; import signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        f"setup = setup_env.Setup(Path({str(tmp_path)!r}), 'onedl', 1)\n"
        f"setup._run('sh', '-c', 'sleep 60 & echo $! > {pid_file}; wait')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_until(lambda: pid_file.exists() and pid_file.read_text().strip())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 143
    stat = Path("/proc", pid_file.read_text().strip(), "stat")

    def has_ended() -> bool:
        try:
            return stat.read_text().split()[2] == "Z"
        except OSError:
            return True

    wait_until(has_ended)


def test_the_tool_says_in_one_line_what_is_wrong(tmp_path):
    (tmp_path / "letter.txt").touch()
    command = [sys.executable, TOOL, "--venv", tmp_path]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("adla set-up: ") and len(result.stderr.splitlines()) == 1


def test_the_lists_are_complete_pins():
    for stack in ("onedl", "openmmlab"):
        lines = (ROOT / "requirements" / f"{stack}.txt").read_text().splitlines()
        assert "-r pins.txt" in lines
    text = "".join(path.read_text() for path in (ROOT / "requirements").glob("*.txt"))
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "-r"))]
    pin = re.compile(r'[\w.-]+==[\w.]+(; (python_version < "3\.11"|sys_platform == "linux"))?')
    assert [line for line in lines if not pin.fullmatch(line)] == []
    names = [line.split("==")[0].lower() for line in lines]
    assert len(names) == len(set(names))
    assert "opencv-python-headless" in names and "opencv-python" not in names


def test_what_is_left_out_is_explained(env):
    text = (ROOT / "requirements" / "pins.txt").read_text()
    for name in importlib.import_module("verify").LEFT_OUT:
        assert name in text
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
