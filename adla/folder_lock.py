"""One process at a time in a folder."""

import fcntl
import os
from pathlib import Path
from typing import IO


class FolderInUseError(RuntimeError):
    """Another process works in a folder."""


def lock_file(path: str | os.PathLike) -> IO[str]:
    """Hold a file against other processes until it is closed, or this process ends.

    Children of this process do not hold it: a killed training leaves it free at once, though its
    loader's workers live on for a moment. The process that holds it must not open it a second time:
    closing either file frees it.

    Args:
        path: The file; it is made, with its folder, and stays.

    Returns:
        The open file.

    Raises:
        FolderInUseError: If another process holds it.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "w")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise FolderInUseError(
            f"another process is at it and holds {path}; wait for it, or end it"
        ) from None
    return file
