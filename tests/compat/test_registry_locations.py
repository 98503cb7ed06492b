"""mmdet's registries know adla's components, in whatever order the packages are imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = """
from mmdet import registry

asked = {
    "TASK_UTILS": "AdaptiveDynamicAssigner",
    "MODELS": "AdlaRetinaHead",
    "HOOKS": "MetricTableHook",
    "DATASETS": "AITODDataset",
    "TRANSFORMS": "TargetCrop",
    "METRICS": "TinyCocoMetric",
    "OPTIM_WRAPPERS": "MixedPrecisionOptimWrapper",
}
name = sys.argv[1]
found = getattr(registry, name).get(asked[name])
assert found is not None and found.__module__.startswith("adla."), found
for name, component in asked.items():
    assert component in getattr(registry, name).module_dict, component
assert type(registry.__loader__).__module__ != "adla.compat.registry_locations"
"""


def run(code: str, *words: str) -> subprocess.CompletedProcess:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import sys\n{code}", *words],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "asked"),
    [
        ("import adla", "MODELS"),
        ("import adla; from mmengine.config import Config", "HOOKS"),
        ("from mmengine.config import Config; import adla", "DATASETS"),
        ("import adla; from mmdet.apis import init_detector", "TASK_UTILS"),
        ("from mmdet.apis import init_detector; import adla", "METRICS"),
        ("from mmdet.registry import MODELS; import adla", "OPTIM_WRAPPERS"),
        ("from mmdet.registry import DATASETS as D; D.get('CocoDataset'); import adla", "DATASETS"),
        ("import adla.core", "TRANSFORMS"),
        ("import adla.datasets.tiny_coco", "DATASETS"),
        ("import adla.models.task_modules.assigners.ranking_assigner", "TASK_UTILS"),
        ("import mmdet.datasets; from adla.evaluation import SIRSTMetric", "METRICS"),
    ],
)
def test_components_are_found(first, asked):
    result = run(first + ASK, asked)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_a_runner_of_a_config_that_names_adla(tmp_path):
    """The order of a user's script: adla, a config, a runner."""
    (tmp_path / "config.py").write_text(
        "custom_imports = dict(imports=['adla'], allow_failed_imports=False)\n"
        "default_scope = 'mmdet'\n"
        "model = dict(type='TinyPAFPN')\n"
    )
    code = (
        "from mmengine.config import Config\n"
        f"cfg = Config.fromfile({str(tmp_path / 'config.py')!r})\n"
        "assert 'mmdet' not in sys.modules and 'adla' in sys.modules\n"
        "from mmengine.registry import MODELS, init_default_scope\n"
        "init_default_scope(cfg.default_scope)\n"
        "with MODELS.switch_scope_and_registry(None) as registry:\n"
        "    print(registry.get(cfg.model.type).__module__)\n"
    )
    result = run(code)
    assert result.stdout.splitlines()[-1:] == ["adla.models.necks.tiny_pafpn"], result.stderr


def test_import_adla_imports_no_other_package():
    code = (
        "import adla, adla.evaluation, adla.datasets, adla.cli\n"
        "heavy = {'mmengine', 'mmcv', 'mmdet', 'torch', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = run(code)
    assert result.returncode == 0, result.stderr
