"""A result that appears whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_free(folder: Path) -> None:
    """Check that a folder of converted images is not there yet.

    Raises:
        FileExistsError: If it is; it is not overwritten.
    """
    if folder.exists() or folder.is_symlink():
        raise FileExistsError(f"{folder} is there already: remove it, or convert to another folder")


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes ``folder`` when the block ends without an error.

    Args:
        folder: The folder to make; its parents are made too.

    Raises:
        FileExistsError: If it is there already.
    """
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir()
        yield temporary
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
