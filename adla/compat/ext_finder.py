"""Answer the import of ``mmcv._ext``, mmcv's compiled part, where none is installed.

mmcv asks for its ops by ``importlib.import_module("mmcv._ext")`` and calls them as functions.
`install_finder` puts a finder at the end of ``sys.meta_path``: whatever is installed is found
before it, so a compiled mmcv is used where there is one. Elsewhere the module it makes offers the
functions of `adla.compat.mmcv_ops`, which run on torchvision's ops and on plain torch.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

EXT_NAME = "mmcv._ext"


class _ExtLoader(Loader):
    """Fill a module with the functions of `adla.compat.mmcv_ops`."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the making of the module to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the functions in, and an explanation behind every other name."""
        from .torchvision_ops import load_torchvision

        load_torchvision()
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


def check_ops() -> None:
    """Import ``mmcv._ext``, whoever answers.

    Raises:
        ImportError: A compiled one is there but does not load, or there is none and torchvision's
            ops are not there either; the message is one sentence with the cause and the way out.
    """
    try:
        import_module(EXT_NAME)
    except ImportError as error:
        spec = find_spec(EXT_NAME)
        if spec is None or spec.origin is None:
            raise
        raise ImportError(f"adla: {describe_broken(spec.origin, error)}") from None


def describe_broken(path: str, error: ImportError) -> str:
    """Say in one sentence why a compiled ``_ext`` does not load and what to do.

    Args:
        path: Its file.
        error: What its import raised.
    """
    cause = str(error).splitlines()[0]
    return (
        f"mmcv's compiled ops do not load with torch {metadata.version('torch')} ({cause}): delete "
        f"{path}, and adla runs them on torchvision, or compile mmcv against this torch, "
        "see docs/install.md"
    )
