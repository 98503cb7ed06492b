import os
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest

from adla.compat.family import FAMILIES, find_mixed_families
from adla.version import __version__

ROOT = Path(__file__).resolve().parents[1]


def run_python(code: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter outside the repository that sees this checkout."""
    path = os.pathsep.join(filter(None, [env.pop("PYTHONPATH", ""), str(ROOT)]))
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **env},
        text=True,
        capture_output=True,
    )


def hide(*modules: str) -> str:
    """Code that makes the import of some modules fail as if they were not installed."""
    return f"import sys; sys.modules.update(dict.fromkeys({modules}));"


def test_one_family_is_no_mixture():
    for names in FAMILIES.values():
        assert find_mixed_families(set(names).__contains__) is None
    assert find_mixed_families(lambda name: False) is None


def test_two_families_are_named():
    installed = {"onedl-mmengine", "onedl-mmcv", "mmcv", "numpy"}
    message = find_mixed_families(installed.__contains__)
    assert "both onedl-mmengine, onedl-mmcv and mmcv, which overwrite each other" in message


def test_import_with_two_families_is_one_clear_line(tmp_path):
    for name in ("mmdet", "onedl_mmdetection"):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    result = run_python("import adla.models", tmp_path, PYTHONPATH=str(tmp_path))
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: adla: this environment holds both ")
    assert "mmdet" in last and "'make env'" in last


@pytest.mark.parametrize("missing", ["mmengine", "mmcv", "mmdet"])
@pytest.mark.parametrize(
    "asked",
    ["import adla.models", "from adla.datasets import AITODDataset", "import adla; adla.engine"],
)
def test_components_without_the_stack_are_one_clear_line(tmp_path, missing, asked):
    result = run_python(f"{hide(missing)} {asked}", tmp_path)
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: adla needs {missing}, which is not installed: ")
    assert "pip install '.[onedl]'" in last


def test_an_opencv_without_its_library_names_the_headless_one(tmp_path):
    (tmp_path / "cv2.py").write_text(
        "raise ImportError('libGL.so.1: cannot open shared object file', name='cv2')\n"
    )
    result = run_python("import adla.models", tmp_path, PYTHONPATH=str(tmp_path))
    last = result.stderr.splitlines()[-1]
    assert last.startswith("ImportError: adla: OpenCV does not load (libGL.so.1: ")
    assert last.count("opencv-python-headless") == 2 and "Traceback" not in last


@pytest.mark.parametrize("part", ["core", "cli", "env", "datasets.synthetic"])
def test_parts_that_need_no_mmdet(tmp_path, part):
    code = f"{hide('mmengine', 'mmcv', 'mmdet')} import adla.{part}; print(adla.__version__)"
    result = run_python(code, tmp_path)
    assert (result.returncode, result.stdout.strip()) == (0, __version__), result.stderr


def test_the_metric_needs_neither_mmdet_nor_torch(tmp_path):
    hidden = hide("mmengine", "mmcv", "mmdet", "torch")
    result = run_python(f"{hidden} from adla.evaluation import TinyEvaluation", tmp_path)
    assert result.returncode == 0, result.stderr


def test_names_that_are_not_there():
    for package in ("adla", "adla.datasets", "adla.evaluation"):
        assert not hasattr(import_module(package), "Missing")


def test_custom_imports_register_the_components(tmp_path):
    code = (
        "from mmengine.config import Config\n"
        "Config.fromfile('user.py')\n"
        "from mmdet.registry import DATASETS, HOOKS, METRICS, MODELS, TASK_UTILS\n"
        'found = [TASK_UTILS.get("AdaptiveDynamicAssigner"), MODELS.get("AdlaRetinaHead"),\n'
        '         HOOKS.get("MetricTableHook"), DATASETS.get("AITODDataset"),\n'
        '         METRICS.get("TinyCocoMetric")]\n'
        "print(sum(item is not None for item in found))"
    )
    (tmp_path / "user.py").write_text(
        "custom_imports = dict(imports=['adla'], allow_failed_imports=False)\n"
    )
    result = run_python(code, tmp_path)
    assert result.stdout.splitlines()[-1] == "5", result.stderr


def test_setup_imports_no_torch(tmp_path):
    code = (
        "import runpy, sys; sys.argv = ['setup.py', '--version']; "
        f"runpy.run_path('{ROOT / 'setup.py'}'); print('torch' in sys.modules)"
    )
    result = run_python(code, ROOT)
    assert result.stdout.splitlines() == [__version__, "False"], result.stderr


def test_no_dependency_names_one_family():
    text = (ROOT / "pyproject.toml").read_text()
    dependencies = text[text.index("\ndependencies") : text.index("\n[project.optional")]
    assert not [n for names in FAMILIES.values() for n in names if f'"{n}' in dependencies]


def test_metadata_carries_the_version():
    try:
        installed = metadata.version("adla")
    except metadata.PackageNotFoundError:
        pytest.skip("adla is not installed here, only importable")
    assert installed == __version__
