"""Answer the import of ``mmcv._ext``, mmcv's compiled part, where none is installed.

mmcv asks for its ops by ``importlib.import_module("mmcv._ext")`` and calls them as functions.
`install_finder` puts a finder at the end of ``sys.meta_path``: whatever is installed is found
before it, so a compiled mmcv is used where there is one. Elsewhere the module it makes offers the
functions of `adla.compat.mmcv_ops`, which run on torchvision's ops and on plain torch.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

EXT_NAME = "mmcv._ext"


class _ExtLoader(Loader):
    """Fill a module with the functions of `adla.compat.mmcv_ops`."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making of the module to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the functions in, and an explanation behind every other name."""
        from . import mmcv_ops

        module.__doc__ = mmcv_ops.__doc__
        vars(module).update(mmcv_ops.FUNCTIONS)
        # Called for the names that are not in the module; mmcv only asks whether they exist.
        vars(module)["__getattr__"] = mmcv_ops.explain_missing


class ExtFinder(MetaPathFinder):
    """Find ``mmcv._ext`` and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load ``mmcv._ext``, or None for any other module."""
        return ModuleSpec(EXT_NAME, _ExtLoader()) if fullname == EXT_NAME else None


def install_finder() -> None:
    """Put the finder at the end of ``sys.meta_path``, once."""
    if not any(isinstance(finder, ExtFinder) for finder in sys.meta_path):
        sys.meta_path.append(ExtFinder())
