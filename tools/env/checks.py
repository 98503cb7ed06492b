"""What an environment cannot be built with, each refused by one sentence."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = ((3, 10), (3, 12))
NEEDED_GB = 7.0
STACKS = ("onedl", "openmmlab")


class SetupError(Exception):
    """A reason why the environment cannot be built, in one sentence that says how to mend it."""


def check_python(version: tuple[int, int], has_ensurepip: bool) -> None:
    """Refuse a Python outside the supported range, or one that cannot make a venv."""
    found = ".".join(map(str, version))
    if not SUPPORTED[0] <= version <= SUPPORTED[1]:
        low, high = (".".join(map(str, bound)) for bound in SUPPORTED)
        raise SetupError(f"Python {found} is not supported: name {low} to {high} by PYTHON=")
    if not has_ensurepip:
        raise SetupError(f"{sys.executable} cannot make a venv: install python{found}-venv")


def check_folder(venv: Path) -> None:
    """Refuse a folder that holds something else, or an environment of another Python."""
    config = venv / "pyvenv.cfg"
    if not config.is_file():
        if any(path.name != ".adla-lock" for path in venv.iterdir()):
            raise SetupError(f"{venv} is no environment and not empty: name another by VENV=")
        return
    made = re.search(r"^version\w* *= *(\d+)\.(\d+)", config.read_text(), re.MULTILINE)
    if made and tuple(map(int, made.groups())) != sys.version_info[:2]:
        raise SetupError(
            f"{venv} was made with Python {made[1]}.{made[2]}, not with {sys.executable}: name "
            "that Python by PYTHON=, or another folder by VENV="
        )


def check_disk(folder: Path, needed_gb: float = NEEDED_GB) -> None:
    """Refuse a disk with too little room for the environment."""
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < needed_gb:
        raise SetupError(
            f"{folder} has {free_gb:.1f} GB free and the environment needs {needed_gb:.0f} GB: "
            "make room or put it elsewhere by VENV="
        )


def read_family(stack: str) -> list[str]:
    """Read the names of a family's distributions from the list that installs it."""
    text = (ROOT / "requirements" / f"{stack}.txt").read_text()
    return re.findall(r"^([\w-]+)==", text, re.MULTILINE)


def check_families(installed: set[str], stack: str) -> None:
    """Refuse an environment with the other family's distributions, named with ``_`` for ``-``."""
    others = [name for key in STACKS if key != stack for name in read_family(key)]
    found = [name for name in others if name.replace("-", "_") in installed]
    if found:
        raise SetupError(
            f"this environment holds {', '.join(found)}, which share their import names with the "
            f"{stack} packages: remove the environment or choose another by VENV="
        )
