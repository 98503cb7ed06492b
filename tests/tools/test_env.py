import importlib
import json
import os
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools" / "env"))
    return importlib.import_module


@pytest.fixture
def checks(load):
    return load("checks")


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12)])
def test_supported_python(checks, version):
    checks.check_python(version)


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 13)])
def test_unsupported_python_is_named(checks, version):
    with pytest.raises(checks.SetupError, match=rf"Python {version[0]}\.{version[1]} .*PYTHON="):
        checks.check_python(version)


def test_missing_python_headers_are_named(checks, tmp_path):
    with pytest.raises(checks.SetupError, match=r"Python\.h is missing: .*-dev"):
        checks.check_python_parts(include=tmp_path)


def test_compiler_of_this_machine(checks, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    checks.check_compiler()


@pytest.mark.parametrize(
    ("compiler", "message"),
    [("no-such-compiler", "no C\\+\\+ compiler 'no-such-compiler'"), ("false", "cannot compile")],
)
def test_unusable_compiler_is_named(checks, monkeypatch, compiler, message):
    monkeypatch.setenv("CXX", compiler)
    with pytest.raises(checks.SetupError, match=message):
        checks.check_compiler()


def test_disk_is_measured_where_the_folder_will_be(checks, tmp_path):
    venv = tmp_path / "not" / "there" / "yet"
    checks.check_disk(venv, needed_gb=0)
    with pytest.raises(checks.SetupError, match=f"{tmp_path} has .* GB free .* VENV="):
        checks.check_disk(venv, needed_gb=1e9)


FAMILIES = {"onedl": ("onedl-mmcv", "onedl-mmdetection"), "openmmlab": ("mmcv", "mmdet")}


@pytest.mark.parametrize("stack", ["onedl", "openmmlab"])
def test_the_other_family_is_refused(checks, stack):
    own, other = FAMILIES[stack], next(FAMILIES[key] for key in FAMILIES if key != stack)
    checks.check_families(dict.fromkeys(own, "1"), stack, FAMILIES)
    with pytest.raises(checks.SetupError, match=f"holds {other[1]}, "):
        checks.check_families(dict.fromkeys((*own, other[1]), "1"), stack, FAMILIES)


def test_drift_from_the_pins(checks):
    pins = {"torch": "2.13.0", "numpy": "2.2.6", "rich": "15.0.0"}
    assert checks.find_drift({**pins, "torch": "2.13.0+cpu", "extra": "1"}, pins) == []
    assert checks.find_drift({"torch": "2.12.0", "rich": "15.0.0", "opencv-python": "4"}, pins) == [
        "torch is 2.12.0 instead of 2.13.0",
        "numpy is missing instead of 2.2.6",
        "opencv-python is installed",
    ]


def test_pins_are_read_with_names_normalised(load):
    text = '# head\nPillow_X==1.2  # why\n\ntomli==2.5.0; python_version < "3.11"\n'
    parse = load("pins").parse_pins
    assert parse(text, (3, 11)) == {"pillow-x": "1.2"}
    assert parse(text, (3, 10)) == {"pillow-x": "1.2", "tomli": "2.5.0"}


@pytest.mark.parametrize("line", ["numpy", "numpy>=2", 'tomli==2; python_version < "3.12"'])
def test_a_line_that_pins_nothing_is_refused(load, line):
    with pytest.raises(ValueError, match="cannot read the line"):
        load("pins").parse_pins(line, (3, 11))


def test_each_stack_pins_one_family(load):
    pins = load("pins")
    onedl, openmmlab = (set(pins.read_pins(s, (3, 11))) for s in ("onedl", "openmmlab"))
    assert onedl - openmmlab == {"onedl-mmengine", "onedl-mmcv", "onedl-mmdetection"}
    assert openmmlab - onedl == {"mmengine", "mmcv", "mmdet"}
    assert "opencv-python-headless" in onedl and "opencv-python" not in onedl


def test_key_follows_the_pins_and_the_python(load):
    key = load("pins").compute_key
    assert key({"a": "1"}, (3, 11)) == key({"a": "1"}, (3, 11))
    assert len({key({"a": "1"}, (3, 11)), key({"a": "2"}, (3, 11)), key({"a": "1"}, (3, 12))}) == 3


def test_compiled_files_are_counted(load):
    count = load("logged").count_objects
    assert count("x\n  [3/78] c++ a.cpp\n  [4/78] c++ b.cpp\nwarning") == "4 of 78 files compiled"
    assert count("Collecting mmcv") == "starting"


def test_a_failed_command_names_its_log(load, checks, tmp_path):
    log = tmp_path / "step.log"
    command = [sys.executable, "-c", 'print("the reason"); raise SystemExit(3)']
    with pytest.raises(
        checks.SetupError, match=rf"step failed with status 3; see {log}\nthe reason"
    ):
        load("logged").run_logged("step", command, log)


def test_a_command_gets_its_environment_and_reports_its_end(load, tmp_path, capsys):
    log = tmp_path / "step.log"
    command = [sys.executable, "-c", 'import os; print(os.environ["JOBS"])']
    load("logged").run_logged("step", command, log, env={"JOBS": "7"})
    assert log.read_text() == "7\n"
    assert capsys.readouterr().out.endswith(", done\n")


def test_nothing_outlives_an_interrupted_command(load, tmp_path, monkeypatch):
    logged = load("logged")
    pid_file = tmp_path / "pid"

    def interrupt(*_):
        while not pid_file.exists() or not pid_file.read_text():
            pass
        raise KeyboardInterrupt

    monkeypatch.setattr(logged, "_watch", interrupt)
    command = ["sh", "-c", f"sleep 60 & echo $! > {pid_file}; wait"]
    with pytest.raises(KeyboardInterrupt):
        logged.run_logged("step", command, tmp_path / "log")
    stat = Path("/proc", pid_file.read_text().strip(), "stat")
    give_up = time.monotonic() + 20
    while stat.exists() and stat.read_text().split()[2] != "Z":
        assert time.monotonic() < give_up, "the command's child still runs"
        time.sleep(0.05)


@pytest.fixture
def setup(load, tmp_path):
    return load("setup_env").Setup(tmp_path, "onedl")


def test_steps_are_remembered(setup, load):
    assert setup._read_done() == []
    setup._write_done(["venv", "torch"])
    assert load("setup_env").Setup(setup.venv, "onedl")._read_done() == ["venv", "torch"]


def test_steps_are_forgotten_when_the_key_changes(setup):
    setup._write_done(["venv"])
    state = json.loads(setup.state_file.read_text())
    setup.state_file.write_text(json.dumps({**state, "key": "of other pins"}))
    assert setup._read_done() == []


def test_a_torn_state_file_counts_as_nothing_done(setup):
    setup._write_done(["venv"])
    setup.state_file.write_text('{"key": ')
    assert setup._read_done() == []


def test_an_environment_of_another_python_is_refused(load, checks, tmp_path):
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.9.1\n")
    with pytest.raises(checks.SetupError, match=r"made with Python 3\.9, not with"):
        load("setup_env").Setup(tmp_path, "onedl").run()


def test_left_out_packages_are_named_in_the_constraints(load):
    text = (ROOT / "requirements" / "constraints.txt").read_text()
    for name in load("setup_env").LEFT_OUT:
        assert name in text
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
