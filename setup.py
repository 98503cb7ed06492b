"""Packaging of adla; the metadata lives in pyproject.toml.

``configs/`` and ``tools/`` travel inside the package as ``adla/.mim``, where ``mim train adla``
looks for them: copied into a wheel, linked in an editable install.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ('configs', 'tools')


class BuildWithMim(build_py):
    """Build the package and add ``adla/.mim``."""

    def run(self) -> None:
        """Build, then link (editable) or copy (wheel) the shipped folders."""
        super().run()
        package = ROOT if self.editable_mode else Path(self.build_lib)
        for name in SHIPPED:
            self._place(ROOT / name, package / 'adla' / '.mim' / name)

    def _place(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        elif target.is_dir():
            shutil.rmtree(target)
        if self.editable_mode:
            target.symlink_to(Path('..', '..', source.name), target_is_directory=True)
        else:
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))


setup(cmdclass={'build_py': BuildWithMim})
