"""Who answers for ``mmcv._ext``, and what is said where nobody can."""

import importlib
import os
import shutil
import subprocess
import sys
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

import mmdet
import pytest
import torch
import torchvision
from mmcv.ops import get_compiler_version, get_compiling_cuda_version

from adla.compat.ext_finder import ExtFinder, check_ops, install_finder
from adla.compat.torchvision_ops import describe_misfit, fitting_torchvision

from ..engine.conftest import scenes  # noqa: F401
from ..engine.training import tiny_config

ROOT = Path(__file__).resolve().parents[2]
BROKEN = "adla: mmcv's compiled ops do not load with torch "


def run_python(code, *paths):
    """Run code in a fresh interpreter that finds packages in paths first."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, paths), str(ROOT)])}
    return subprocess.run([sys.executable, "-c", code], env=env, text=True, capture_output=True)


def check_with(folder):
    """Run the check of the ops in a fresh interpreter whose mmcv has the files of a folder too."""
    code = (
        f"import mmcv; mmcv.__path__.append({str(folder)!r})\n"
        "from adla.compat.ext_finder import check_ops, install_finder\n"
        "install_finder(); check_ops()\n"
        "import mmcv._ext; print(mmcv._ext.__file__)"
    )
    return run_python(code)


def test_adla_answers_where_nothing_is_compiled():
    module = importlib.import_module("mmcv._ext")
    assert module.__doc__.startswith("The functions of mmcv's compiled module")
    assert "adla.compat" in get_compiler_version()
    assert "adla.compat" in get_compiling_cuda_version()
    check_ops()


def test_it_is_installed_once_and_last():
    install_finder()
    install_finder()
    assert [isinstance(finder, ExtFinder) for finder in sys.meta_path].count(True) == 1
    assert ExtFinder().find_spec("mmcv.other") is None
    assert find_spec("mmcv._other") is None


def test_an_op_that_is_not_there_is_named():
    from mmcv.ops import nms_rotated

    with pytest.raises(NotImplementedError, match="mmcv's op 'nms_rotated' is not"):
        nms_rotated(torch.zeros(1, 5), torch.zeros(1), 0.5)
    module = importlib.import_module("mmcv._ext")
    assert not hasattr(module, "__path__")


def test_a_compiled_module_wins(tmp_path):
    (tmp_path / "_ext.py").write_text("")
    result = check_with(tmp_path)
    assert result.stdout.strip() == str(tmp_path / "_ext.py"), result.stderr


def test_a_file_that_is_no_library_is_named(tmp_path):
    path = tmp_path / f"_ext{EXTENSION_SUFFIXES[0]}"
    path.write_text("no library")
    last = check_with(tmp_path).stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {BROKEN}{torch.__version__.split('+')[0]}")
    assert "file too short" in last and f"delete {path}, and adla runs them" in last


def library_of_torchvision(pattern):
    (path,) = Path(torchvision.__file__).parent.glob(pattern)
    return path.read_bytes()


def test_a_library_for_another_torch_is_named(tmp_path):
    """A real library that asks for functions this torch has not: their names are changed."""
    changed = library_of_torchvision("_C*.so")
    for prefix in (b"aoti_torch_", b"_ZN2at"):
        changed = changed.replace(prefix, prefix[:-2] + b"QQ")
    (tmp_path / f"_ext{EXTENSION_SUFFIXES[0]}").write_bytes(changed)
    last = check_with(tmp_path).stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {BROKEN}") and "undefined symbol" in last


def test_a_missing_shared_library_is_named(tmp_path):
    """A real library away from those that it needs, as of another CUDA."""
    (tmp_path / f"_ext{EXTENSION_SUFFIXES[0]}").write_bytes(library_of_torchvision("image*.so"))
    last = check_with(tmp_path).stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {BROKEN}")
    assert "cannot open shared object file" in last


def test_a_torchvision_without_its_library_is_named(tmp_path):
    """The installed torchvision without what is compiled, which is how a wrong one looks."""
    source = Path(torchvision.__file__).parent
    shutil.copytree(source, tmp_path / "torchvision", ignore=shutil.ignore_patterns("*.so"))
    result = run_python("import adla.components", tmp_path)
    last = result.stderr.splitlines()[-1]
    installed = metadata.version("torchvision")
    assert last.startswith(
        f"ImportError: adla: the ops of torchvision {installed} do not load with torch "
        f"{torch.__version__} ("
    )
    assert "pip install 'torchvision==0." in last and result.returncode == 1


def test_no_torchvision_is_named(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    text = describe_misfit(ModuleNotFoundError("No module named 'torchvision'"))
    assert "torchvision, which is not installed: pip install 'torchvision==0." in text


@pytest.mark.parametrize(
    ("torch_version", "torchvision_version"),
    [("2.1.2", "0.16"), ("2.11.0+cpu", "0.26"), ("2.13.0", "0.28"), ("2.14.1+cu130", "0.29")],
)
def test_the_torchvision_that_fits(torch_version, torchvision_version):
    assert fitting_torchvision(torch_version) == torchvision_version


def test_the_installed_pair_follows_the_rule():
    fitting = fitting_torchvision(torch.__version__)
    assert metadata.version("torchvision").startswith(f"{fitting}.")
    with pytest.raises(ValueError, match=r"version 2, but got 3\.0\.0"):
        fitting_torchvision("3.0.0")


@pytest.mark.slow
def test_mmdets_own_script_trains(scenes, tmp_path):  # noqa: F811
    """mmdet's tools/train.py knows adla by ``custom_imports`` alone."""
    cfg = tiny_config(scenes, tmp_path, **{"train_cfg.max_epochs": 1, "train_cfg.val_interval": 1})
    assert cfg.custom_imports.imports == ["adla"]
    cfg.dump(tmp_path / "config.py")
    script = Path(mmdet.__file__).parent / ".mim" / "tools" / "train.py"
    result = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "config.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        text=True,
        capture_output=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert (tmp_path / "epoch_1.pth").exists()
