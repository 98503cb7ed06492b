"""Components of a package that are imported when they are asked for.

A package that also has parts without mmdet must not import mmdet with itself. Its components stay
importable from it: ``from adla.evaluation import TinyCocoMetric``.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from .prepare import prepare_stack


def lazy_components(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return what a package calls its ``__getattr__``, see PEP 562.

    Args:
        package: Its name.
        modules: The module of each component, by the component's name.

    Returns:
        A function that returns a component by its name. It raises an ImportError that says what is
        missing where mmdet does not import.
    """

    def __getattr__(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        prepare_stack()
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return __getattr__
