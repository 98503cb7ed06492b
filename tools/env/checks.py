"""What a machine must have before the environment can be built; each failure is one sentence."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SUPPORTED = ((3, 10), (3, 12))
NEEDED_GB = 6.0
GUI_OPENCV = ("opencv-python", "opencv-contrib-python")


class SetupError(Exception):
    """A reason why the environment cannot be built, in one sentence that says how to mend it."""


def check_python(version: tuple[int, int]) -> None:
    """Refuse a Python outside the supported range."""
    if not SUPPORTED[0] <= version <= SUPPORTED[1]:
        low, high = (".".join(map(str, bound)) for bound in SUPPORTED)
        found = ".".join(map(str, version))
        raise SetupError(f"Python {found} is not supported: name {low} to {high} by PYTHON=")


def check_python_parts(include: Path | None = None) -> None:
    """Refuse a Python that cannot make a venv or compile an extension."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(f"{sys.executable} cannot make a venv: install {name}-venv")
    header = (include or Path(sysconfig.get_paths()["include"])) / "Python.h"
    if not header.is_file():
        raise SetupError(f"{header} is missing: install the Python headers ({name}-dev)")


def check_compiler() -> None:
    """Refuse a machine whose C++ compiler is missing or does not know C++17."""
    compiler = os.environ.get("CXX", "c++")
    if shutil.which(compiler) is None:
        raise SetupError(
            f"no C++ compiler '{compiler}', which mmcv's ops need: install g++ or set CXX="
        )
    command = [compiler, "-std=c++17", "-fsyntax-only", "-x", "c++", "-"]
    result = subprocess.run(command, input="#include <optional>\n", text=True, capture_output=True)
    if result.returncode:
        raise SetupError(
            f"the C++ compiler '{compiler}' cannot compile C++17: install a newer g++, or set CXX="
        )


def check_disk(folder: Path, needed_gb: float = NEEDED_GB) -> None:
    """Refuse a disk with too little room for the environment, ``folder`` may not exist yet."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    if free_gb < needed_gb:
        raise SetupError(
            f"{existing} has {free_gb:.1f} GB free and the environment needs {needed_gb:.0f} GB: "
            "make room or put it elsewhere by VENV="
        )


def check_families(installed: dict[str, str], stack: str, families: dict[str, tuple]) -> None:
    """Refuse an environment that already holds the other stack's distributions.

    Args:
        installed: Version by normalised distribution name.
        stack: The family to install, a key of ``families``.
        families: Distribution names by family.
    """
    other = [
        name
        for family, names in families.items()
        if family != stack
        for name in names
        if name in installed
    ]
    if other:
        raise SetupError(
            f"this environment holds {', '.join(other)}, which share their import names with the "
            f"{stack} packages: remove the environment or choose another by VENV="
        )


def find_drift(installed: dict[str, str], pins: dict[str, str]) -> list[str]:
    """Say where an environment differs from its pins, and which GUI OpenCV it holds.

    Args:
        installed: Version by normalised distribution name.
        pins: Pinned version by normalised distribution name.

    Returns:
        One phrase per difference, in the order of the pins; a local part such as ``+cpu`` is free.
    """
    drift = [
        f"{name} is {installed.get(name, 'missing')} instead of {version}"
        for name, version in pins.items()
        if installed.get(name, "").split("+")[0] != version
    ]
    return drift + [f"{name} is installed" for name in GUI_OPENCV if name in installed]
