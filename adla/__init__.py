"""Tiny object detection for MMDetection 3.x.

``import adla`` is quick and needs no mmdet. It tells mmdet's registries where adla's components
are, and they import them when they are first asked for one: after
``custom_imports = dict(imports=['adla'])`` in a config, or ``import adla`` in a script. Where mmcv
has no compiled ops, ``import adla`` comes before ``mmdet.models`` and ``mmcv.ops``. The first use
says in one line what is missing, or which two families of packages overwrite each other.

`adla.core`, `adla.env`, `adla.cli` and the metric of `adla.evaluation` work without mmdet.
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

from .compat.ext_finder import install_finder as _install_finder
from .compat.registry_locations import announce_components as _announce_components
from .version import __version__

__all__ = ["__version__", "datasets", "engine", "evaluation", "models"]

_install_finder()
_announce_components()


def __getattr__(name: str) -> _ModuleType:
    """Import one of the packages with components when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _import_module(f".{name}", __name__)
