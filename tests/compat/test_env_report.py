"""``python -m adla.env`` in this environment and in broken ones."""

import os
import re
import subprocess
import sys
import sysconfig
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import mmcv
import pytest
import torch

from adla import __version__, env

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(sysconfig.get_path("purelib"))


def run(*paths, code="", flags=()):
    """Run the report in a fresh interpreter that finds packages in paths first."""
    found = [*map(str, paths), str(ROOT)]
    return subprocess.run(
        [sys.executable, *flags, "-c", f"{code}\nfrom adla.env import main; main()"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(found)},
        text=True,
        capture_output=True,
        check=True,
    )


def link(source, target, without):
    """Make a folder that has what another has, but some names."""
    target.mkdir(parents=True)
    for entry in Path(source).iterdir():
        if not re.match(without, entry.name):
            (target / entry.name).symlink_to(entry)
    return target.parent


def line_of(text, label):
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [label]]
    return line


def test_this_environment():
    result = run()
    assert result.stderr == ""
    assert line_of(result.stdout, "adla").split()[1] == __version__
    assert line_of(result.stdout, "torch").split()[1] == metadata.version("torch")
    assert line_of(result.stdout, "python").split()[1].startswith(sys.version.split()[0])
    for name in ("torchvision", "numpy", "opencv", "mmengine", "mmcv", "mmdet", "pycocotools"):
        assert re.search(r" \d+\.\d", line_of(result.stdout, name)), name
    assert re.search(r"^Family\n  (onedl|openmmlab)$", result.stdout, re.M)
    assert re.search(r"cpu .* \d+ cores, \d+ torch threads, bf16 units: \w+", result.stdout)
    installed = metadata.version("torchvision")
    assert result.stdout.endswith(
        f"mmcv's ops\n  adla.compat on torchvision {installed}; nothing is compiled\n"
    )


def test_it_imports_torch_alone():
    code = (
        "import atexit, sys\n"
        "heavy = ('mmdet', 'mmcv', 'mmengine', 'torchvision', 'cv2', 'numba')\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules]))"
    )
    assert run(code=code).stdout.splitlines()[-1] == "[]"


def test_without_the_stack(tmp_path):
    """The packages of this environment, but none of OpenMMLab."""
    site = link(SITE, tmp_path / "site", without=r"mm|onedl|__pycache__") / "site"
    text = run(site, flags=["-S"]).stdout
    for name in ("mmengine", "mmcv", "mmdet"):
        assert line_of(text, name).endswith("not installed")
    assert "Family\n  none\n" in text
    assert text.endswith("mmcv's ops\n  none: mmcv is not installed\n")


def test_both_families(tmp_path):
    for name in ("mmdet", "onedl_mmdetection"):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    text = run(tmp_path).stdout
    assert line_of(text, "mmdet").split(maxsplit=1)[1] == "1.0 (onedl-mmdetection), 1.0"
    assert "Family\n  this environment holds both " in text


def mmcv_with(folder, name, text):
    site = link(Path(mmcv.__file__).parent, folder / "mmcv", without=r"_ext|__pycache__")
    (site / "mmcv" / name).write_text(text)
    return site


def test_a_compiled_mmcv(tmp_path):
    text = "def get_compiling_cuda_version():\n    return '13.0'\n"
    report = run(mmcv_with(tmp_path, "_ext.py", text)).stdout
    assert report.endswith(f"mmcv's ops\n  compiled, {tmp_path / 'mmcv' / '_ext.py'}, CUDA 13.0\n")


def test_a_compiled_mmcv_that_does_not_load(tmp_path):
    report = run(mmcv_with(tmp_path, f"_ext{EXTENSION_SUFFIXES[0]}", "no library")).stdout
    last = report.splitlines()[-1]
    assert last.startswith("  broken: mmcv's compiled ops do not load with torch ")
    assert "file too short" in last


def test_a_torchvision_without_its_library(tmp_path):
    import torchvision

    source = Path(torchvision.__file__).parent
    report = run(link(source, tmp_path / "torchvision", without=r"_C|__pycache__")).stdout
    last = report.splitlines()[-1]
    assert last.startswith("  broken: the ops of torchvision ") and "pip install '" in last


def test_without_torch():
    text = run(code="import sys; sys.modules['torch'] = None").stdout
    assert text.splitlines()[-2:][0] == "Devices"
    assert "unknown: torch does not load: " in text


@pytest.mark.gpu
def test_a_gpu_is_described():
    report = dict(env.devices())
    assert torch.cuda.get_device_name(0) in report["cuda:0"] and "capability" in report["cuda:0"]
    assert "cuDNN" in report["cuda"] and "sm_" in report["cuda"]
