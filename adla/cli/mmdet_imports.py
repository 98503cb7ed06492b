"""Import mmdet without what it prints at its import, which is no concern of a user of adla."""

import contextlib
import io
import sys
import warnings
from importlib import import_module

from adla.compat.prepare import prepare_stack

#: Lines that mmdet prints where an optional package is missing.
LINES = ("Could not import OneDL. Skipping OneDL datasets.",)
#: How the warnings begin that are left out.
WARNINGS = (
    "faster_coco_eval is not installed, metrics will not be computed",
    "torch.meshgrid: in an upcoming release, it will be required to pass the indexing",
)


def import_mmdet() -> None:
    """Check what is installed and import mmdet's parts that print `LINES` or warn of `WARNINGS`.

    Everything else that they print or warn of is shown.

    Raises:
        ImportError: mmengine, mmcv or mmdet is missing or does not load; one line says what to do.
    """
    for message in WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            prepare_stack()
            import_module("mmdet.datasets")
    finally:
        for line in printed.getvalue().splitlines():
            if line not in LINES:
                sys.stdout.write(line + "\n")
