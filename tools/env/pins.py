"""The pinned versions, what is installed, and the key that tells whether the two still agree."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from importlib import metadata
from pathlib import Path

ENV_DIR = Path(__file__).resolve().parent
ROOT = ENV_DIR.parents[1]
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
REPLACEMENTS = {"openmmlab": ROOT / "requirements" / "constraints-openmmlab.txt"}

_PIN = re.compile(r'^(?P<name>[\w.-]+)==(?P<version>[\w.]+)(?P<old>; python_version < "3\.11")?$')


def normalize(name: str) -> str:
    """Write a distribution name as package indexes compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_pins(text: str, python: tuple[int, int]) -> dict[str, str]:
    """Read ``name==version`` lines.

    Args:
        text: A constraints file; comments and empty lines are skipped.
        python: Lines with the marker ``python_version < "3.11"`` count below 3.11 only.

    Returns:
        Version by normalised name, in the order of the file.

    Raises:
        ValueError: A line is not a pin.
    """
    pins = {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        match = _PIN.match(line)
        if match is None:
            raise ValueError(f"constraints: cannot read the line '{line}'")
        if match["old"] is None or python < (3, 11):
            pins[normalize(match["name"])] = match["version"]
    return pins


def read_pins(stack: str, python: tuple[int, int]) -> dict[str, str]:
    """Read the pins of one stack; another stack's file replaces the onedl lines."""
    pins = parse_pins(CONSTRAINTS.read_text(), python)
    if stack in REPLACEMENTS:
        pins = {name: version for name, version in pins.items() if not name.startswith("onedl-")}
        pins.update(parse_pins(REPLACEMENTS[stack].read_text(), python))
    return pins


def read_families() -> dict[str, tuple[str, ...]]:
    """Read the two families' names from the package's own list, without importing adla."""
    spec = importlib.util.spec_from_file_location("_stack", ROOT / "adla" / "compat" / "family.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FAMILIES


def read_installed(venv: Path) -> dict[str, str]:
    """List the distributions in an environment without starting its Python."""
    sites = [str(path) for path in venv.glob("lib/python*/site-packages")]
    return {
        normalize(dist.metadata["Name"]): dist.version
        for dist in metadata.distributions(path=sites)
        if dist.metadata["Name"]
    }


def compute_key(pins: dict[str, str], python: tuple[int, int] = sys.version_info[:2]) -> str:
    """Hash what the environment depends on: pins, Python version and the set-up's own files."""
    digest = hashlib.sha256(repr((pins, tuple(python))).encode())
    for path in sorted(ENV_DIR.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
