"""Tell mmdet's registries where adla's components are.

A registry of mmengine has locations: modules that it imports when it is first asked for a
component. mmdet's own components get into its registries in this way, and adla's too:
`announce_components` adds `adla.components` to the locations of mmdet's registries. It does so at
once if ``mmdet.registry`` has been imported, and else as soon as it is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

REGISTRY = "mmdet.registry"
COMPONENTS = "adla.components"


def announce_components() -> None:
    """Let mmdet's registries import `adla.components`, whether they exist yet or not."""
    if REGISTRY in sys.modules:
        add_location(sys.modules[REGISTRY])
    elif not any(isinstance(finder, RegistryFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, RegistryFinder())


def add_location(module: ModuleType) -> None:
    """Add `adla.components` to the locations of all registries of mmdet.

    Args:
        module: ``mmdet.registry``.
    """
    for registry in vars(module).values():
        if not isinstance(registry, type(module.MODELS)) or registry.scope != "mmdet":
            continue
        if COMPONENTS not in registry._locations:
            registry._locations = [*registry._locations, COMPONENTS]
            registry._imported = False  # one that has been asked before looks again


class RegistryFinder(MetaPathFinder):
    """Find ``mmdet.registry`` as the other finders do, and add the location once it is loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load ``mmdet.registry``, or None for any other module."""
        if fullname != REGISTRY:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _RegistryLoader(spec.loader)
                return spec
        return None


class _RegistryLoader(Loader):
    """Load ``mmdet.registry`` with its own loader, then add the location."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as its own loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, and leave its own loader in place."""
        assert module.__spec__ is not None
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        add_location(module)
