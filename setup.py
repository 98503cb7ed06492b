"""Packaging of adla; the metadata lives in pyproject.toml.

A wheel carries ``configs/`` and ``tools/`` as ``adla/.mim``, where ``mim train adla CONFIG`` looks
for them. An editable install needs no such folder: there mim looks in the repository, and a second
path to the same config would make its name ambiguous.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithMim(build_py):
    """Build the package and add ``adla/.mim``."""

    def run(self) -> None:
        """Build, then copy the folders that mim uses."""
        super().run()
        if self.editable_mode:
            return
        for name in ("configs", "tools"):
            target = Path(self.build_lib, "adla", ".mim", name)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildWithMim})
