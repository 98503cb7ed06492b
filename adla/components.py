"""All components of adla; importing this puts them into mmdet's registries.

mmdet's registries import it when they are first asked for a component, see
`adla.compat.registry_locations`.
"""

from .compat.prepare import prepare_stack

prepare_stack()

from . import datasets, engine, evaluation, models

__all__ = ["datasets", "engine", "evaluation", "models"]

for _package in (datasets, evaluation):
    for _name in _package.COMPONENTS:
        getattr(_package, _name)
