"""Which names mean one image file, and dictionaries that lose no entry without a word.

Two paths are not told apart as text: ``a//b.png``, ``./a/b.png``, links and, where the file system
takes no notice of it, upper and lower case lead to one file.
"""

import os
from collections import defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def file_identity(path: str | os.PathLike) -> Hashable:
    """Return what is equal for two paths exactly if they lead to one file.

    Hard links count as files of their own: they are copies that save space.
    """
    try:
        real = os.path.realpath(path)
        state = os.stat(real)
    except (OSError, ValueError):  # no such file, or no possible name
        return os.path.abspath(os.fspath(path).replace("\0", "\\0"))
    return real.casefold(), state.st_dev, state.st_ino


def repeated_files(names: Iterable[str], folder: Path) -> list[str]:
    """Return a line for each image file that has several entries, in whatever spelling."""
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for name in names:
        groups[file_identity(folder / name)].append(name)
    lines = []
    for group in groups.values():
        if len(group) > 1:
            others = [repr(name) for name in dict.fromkeys(group) if name != group[0]]
            also = f", also as {', '.join(others)}" if others else ""
            lines.append(f"file {group[0]!r}: {len(group)} times{also}")
    return lines


def leaves_folder(name: str) -> bool:
    """Say whether a file name of an annotation file is absolute, or climbs out of its folder."""
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive:
        return True
    return os.path.normpath(name.replace("\\", "/")).split("/")[0] == ".."


def unique_map(
    pairs: Iterable[tuple[Key, Value]], what: str, source: str | os.PathLike
) -> dict[Key, Value]:
    """Return a dictionary, and refuse a key that comes twice instead of taking its last value.

    Args:
        pairs: Keys and values.
        what: What a key is, for the message.
        source: Where they come from, for the message.

    Raises:
        ValueError: If a key comes twice; it names the first such key and its values.
    """
    found: dict[Key, list[Value]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    twice = {key: values for key, values in found.items() if len(values) > 1}
    if twice:
        key, values = next(iter(twice.items()))
        more = f" ({len(twice)} such)" if len(twice) > 1 else ""
        raise ValueError(
            f"{source}: {what} {key!r} is there {len(values)} times, for "
            f"{', '.join(map(repr, values[:3]))}{', ...' if len(values) > 3 else ''}{more}: each "
            "must be there once"
        )
    return {key: values[0] for key, values in found.items()}
