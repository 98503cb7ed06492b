"""Files and folders that appear under their names whole or not at all."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def atomic_paths(targets: Iterable[str | os.PathLike]) -> Iterator[list[Path]]:
    """Give a path beside each target; what is written there takes the targets' places.

    That happens when the block ends without an error, once everything is written. Otherwise
    nothing is left. A target may be a file, also one that is there, or a folder that is not.

    Args:
        targets: Paths of the files or folders to make; their parents are made too.
    """
    paths = [Path(target) for target in targets]
    drafts = [path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in paths]
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(path)
        yield drafts
        for draft, path in zip(drafts, paths, strict=True):
            os.replace(draft, path)
    finally:
        for draft in drafts:
            _remove(draft)


def _remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    """Say whether there is a process of this number on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove_abandoned(path: Path) -> None:
    """Remove the drafts of a target whose processes were killed; others are left alone."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.(\d+)\.tmp")
    for draft in path.parent.iterdir():
        found = pattern.fullmatch(draft.name)
        if found and not _is_running(int(found[1])):
            _remove(draft)


@contextmanager
def atomic_path(target: str | os.PathLike) -> Iterator[Path]:
    """Give a path for one file or folder, see :func:`atomic_paths`."""
    with atomic_paths([target]) as (draft,):
        yield draft


@contextmanager
def atomic_file(
    path: str | os.PathLike, mode: str = "w", durable: bool = False
) -> Iterator[IO[Any]]:
    """Open a file that takes its name, and a former file's place, once it is complete.

    Args:
        path: The file to write.
        mode: ``'w'`` for text (UTF-8, line ends as written) or ``'wb'``.
        durable: Whether the content is on the disk before the name is, which counts if the
            machine stops.
    """
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "")
    with (
        atomic_path(path) as draft,
        open(draft, mode, encoding=encoding, newline=newline) as file,
    ):
        yield file
        file.flush()
        if durable:
            os.fsync(file.fileno())


def check_free(folder: Path) -> None:
    """Check that a folder is not there yet.

    Raises:
        FileExistsError: If it is; it is not overwritten.
    """
    if folder.exists() or folder.is_symlink():
        raise FileExistsError(f"{folder} is there already: remove it, or convert to another folder")


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder that becomes ``folder`` when the block ends without an error.

    Raises:
        FileExistsError: If it is there already.
    """
    check_free(folder)
    with atomic_path(folder) as draft:
        draft.mkdir()
        yield draft
