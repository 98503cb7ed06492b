"""Where the configs and tools are: in the wheel, or in the repository."""

from pathlib import Path


def find_root() -> Path:
    """Return the folder that holds `configs/` and `tools/`.

    A wheel brings them as ``adla/.mim``, where mim looks for them; elsewhere it is the repository.
    """
    package = Path(__file__).resolve().parent
    in_wheel = package / ".mim"
    return in_wheel if in_wheel.is_dir() else package.parent
