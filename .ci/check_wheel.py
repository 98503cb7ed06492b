"""Build sdist and wheel, and use the wheel in an environment that has never seen the repository.

The wheel is built from the sdist. The environment is new; only the third-party packages of the
running one are made visible to it, without its link to the repository.
"""

import json
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRIAL = """
from pathlib import Path
import adla
from mmdet.registry import TASK_UTILS
from mmengine.config import Config

package = Path(adla.__file__).parent
assert 'site-packages' in package.parts, f'adla comes from {package}'
assert TASK_UTILS.get('AdaptiveDynamicAssigner') is not None
assert (package / 'py.typed').is_file()
assert (package / '.mim' / 'tools' / 'train.py').is_file()
configs = sorted((package / '.mim' / 'configs').glob('[!_]*/*.py'))
assert configs, 'no configs in the wheel'
for path in configs:
    assert Config.fromfile(path).model
print(f'adla {adla.__version__} from its wheel: {len(configs)} configs load')
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command and return what it printed; stop with its output if it fails."""
    arguments = [str(part) for part in command]
    result = subprocess.run(
        arguments, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if result.returncode:
        sys.exit(f"{result.stdout}\n{' '.join(arguments[:4])} ... failed")
    return result.stdout


def main() -> None:
    """Build, install and try."""
    print("building sdist and wheel, and trying the wheel in a new environment", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
        (wheel,) = folder.glob("*.whl")
        (sdist,) = folder.glob("*.tar.gz")

        venv = folder / "venv"
        run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=folder)
        (site,) = venv.glob("lib/python*/site-packages")
        # Python does not follow the .pth files of a folder named in a .pth file.
        (site / "third_party.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        python = venv / "bin" / "python"
        pip = (sys.executable, "-m", "pip", "--quiet", "--python", python)
        run(*pip, "install", "--no-deps", "--no-index", "--ignore-installed", wheel, cwd=folder)

        print(run(python, "-c", TRIAL, cwd=folder).splitlines()[-1])
        (train,) = site.glob("adla/.mim/tools/train.py")
        run(python, train, "--help", cwd=folder)
        adla = venv / "bin" / "adla"
        run(adla, "env", cwd=folder)
        code = "from adla.zoo import list_models; print(*list_models())"
        models = run(python, "-c", code, cwd=folder).split()
        assert models == sorted(file.stem for file in (ROOT / "adla/zoo").glob("*.pth")), models
        picture = ROOT / "docs/images/hit_uav_persons.png"
        run(adla, "predict", "--model", "hit-uav-n", picture, "--out", "found", cwd=folder)
        found = json.loads((folder / "found/results.json").read_text())
        assert found, "the model in the wheel finds nothing"
        shown = run(adla, "table", "list", "light", cwd=folder)
        assert "retinanet_csp-nano_fpn-p2_light_sirst-v2.py" in shown, shown
        print(f"built and tried: {sdist.name}, {wheel.name}")


if __name__ == "__main__":
    main()
