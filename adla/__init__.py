"""Tiny object detection for MMDetection 3.x.

Importing ``adla`` puts every component into mmdet's registries, which is what
``custom_imports = dict(imports=['adla'])`` in a config relies on. It needs mmengine, mmcv and
mmdet; an ``ImportError`` of one line says so where one is missing, or where two families of them
overwrite each other.

``adla.core`` is pure torch. Python always imports a package before its parts, so with the
environment variable ``ADLA_CORE_ONLY=1`` this file checks and imports nothing, and
``import adla.core`` works where there is no mmdet.
"""

import os as _os

from .version import __version__

__all__ = ["__version__"]

if _os.environ.get("ADLA_CORE_ONLY") != "1":
    from .compat.ext_finder import install_finder as _install_finder
    from .compat.family import check_stack as _check_stack

    _install_finder()
    _check_stack()

    from .compat.checkpoints import allow_training_state as _allow_training_state

    _allow_training_state()

    from . import datasets, engine, evaluation, models

    __all__ += ["datasets", "engine", "evaluation", "models"]
