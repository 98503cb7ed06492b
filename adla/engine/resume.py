"""Find the checkpoint that a training goes on from."""

import logging
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from mmengine.logging import print_log


def is_sound(path: Path) -> bool:
    """Say whether a file that ``torch.save`` wrote is complete.

    Args:
        path: The file; what torch writes is a zip archive with a checksum of every part.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def _checkpoints(folder: Path) -> Iterator[Path]:
    """Yield the checkpoint that ``last_checkpoint`` names, then all others, newest first."""
    pointer = folder / "last_checkpoint"
    name = pointer.read_text(errors="replace").strip() if pointer.is_file() else ""
    if name:
        yield Path(name)
    numbered = [
        (int(found[1]), path)
        for path in folder.glob("*.pth")
        if (found := re.fullmatch(r"(?:epoch|iter)_(\d+)", path.stem))
    ]
    yield from (path for _, path in sorted(numbered, reverse=True) if path != Path(name))


def find_sound_checkpoint(work_dir: str) -> str | None:
    """Return the newest checkpoint of a work folder that is complete.

    mmengine's ``find_latest_checkpoint``, whose place it takes in ``adla train``, returns whatever
    ``last_checkpoint`` names.

    Args:
        work_dir: Folder of the training.

    Returns:
        Its path, None if there is none: the training then starts at its beginning. Each damaged
        or missing file that is passed over is named in the log.
    """
    for path in _checkpoints(Path(work_dir)):
        if is_sound(path):
            return str(path)
        state = "is damaged, perhaps cut off" if path.exists() else "is not there"
        print_log(f"{path} {state}: the checkpoint before it is taken", "current", logging.WARNING)
    return None
