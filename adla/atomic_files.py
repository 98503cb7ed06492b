"""Files and folders that appear under their names whole or not at all."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any


@contextmanager
def atomic_paths(targets: Iterable[str | os.PathLike]) -> Iterator[list[Path]]:
    """Give a path beside each target; what is written there takes the targets' places.

    That happens when the block ends without an error, once everything is written. Otherwise
    nothing is left, and what was there before stays. A target may be a file, also one that is
    there, or a folder that is not.

    Args:
        targets: Paths of the files or folders to make; their parents are made too.
    """
    paths = [Path(target) for target in targets]
    drafts = [_beside(path, "tmp") for path in paths]
    formers = [_beside(path, "old") for path in paths]
    made: list[Path] = []
    try:
        for folder in {path.parent for path in paths}:
            made += [one for one in (folder, *folder.parents) if not one.exists()]
            folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(paths)
        yield drafts
        _put_in_place(drafts, paths, formers)
    finally:
        for path in (*drafts, *formers):
            _remove(path)
        for folder in sorted(made, key=lambda one: len(one.parts), reverse=True):
            with suppress(OSError):  # it is not empty: the targets are in it
                folder.rmdir()


def _beside(path: Path, suffix: str) -> Path:
    """Return a name beside a path that no other process takes."""
    return path.with_name(f".{path.name}.{os.getpid()}.{suffix}")


def _put_in_place(drafts: Sequence[Path], paths: Sequence[Path], formers: Sequence[Path]) -> None:
    """Give all drafts the names of their targets, or none.

    Files that were there are kept as ``formers`` until the last draft has its name.
    """
    for draft in drafts:
        draft.lstat()  # an error where one was not written
    try:
        for draft, path, former in zip(drafts, paths, formers, strict=True):
            if draft != drafts[-1] and os.path.lexists(path):
                _keep(path, former)
            os.replace(draft, path)
    except BaseException:
        if os.path.lexists(drafts[-1]):
            for draft, path, former in zip(drafts, paths, formers, strict=True):
                if os.path.lexists(draft):
                    continue  # its target is as it was
                if os.path.lexists(former):
                    os.replace(former, path)
                else:
                    _remove(path)
        raise


def _keep(path: Path, former: Path) -> None:
    """Give a file a second name, or a copy where the file system has no hard links."""
    try:
        os.link(path, former, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, former, follow_symlinks=False)


def _remove(path: Path) -> None:
    """Remove a file, link or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
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


def _remove_abandoned(paths: Iterable[Path]) -> None:
    """Remove what killed processes left beside the targets; of other files nothing is touched.

    In a container, the process that was killed may have had the number of this one.
    """
    targets = set(paths)
    for folder in {path.parent for path in targets}:
        for found in folder.iterdir():
            parts = re.fullmatch(r"\.(.+)\.(\d+)\.(?:tmp|old)", found.name)
            if parts and folder / parts[1] in targets:
                pid = int(parts[2])
                if pid == os.getpid() or not _is_running(pid):
                    _remove(found)


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
