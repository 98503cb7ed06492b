"""Which names mean one image file, and dictionaries that lose no entry without a word.

Two paths are not told apart as text: ``a//b.png``, ``./a/b.png``, links and, where the file system
takes no notice of it, upper and lower case lead to one file.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

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
    lines = []
    for group in _repeated(names, lambda name: file_identity(folder / name)):
        others = _other_spellings(group)
        also = f", also as {others}" if others else ""
        lines.append(f"file {group[0]!r}: {len(group)} times{also}")
    return lines


def describe_repeated_images(images: Sequence[Mapping[str, Any]]) -> str | None:
    """Say which image files of COCO annotations have several ids, and name one.

    Names are compared as paths; the files need not be there, and links are not followed.

    Args:
        images: As the file has them, checked; those with an empty name do not count.
    """
    named = [image for image in images if image["file_name"]]
    groups = _repeated(named, lambda image: os.path.normpath(image["file_name"]))
    if not groups:
        return None
    names, ids = zip(*((image["file_name"], repr(image["id"])) for image in groups[0]), strict=True)
    others = _other_spellings(names)
    files, such = ("file is", ":") if len(groups) == 1 else ("files are", ", such as")
    return (
        f"{len(groups)} image {files} listed under several ids{such} {names[0]!r} under "
        f"{', '.join(ids[:-1])} and {ids[-1]}{f' ({others})' * bool(others)}; a detection counts "
        "under its own id only, so what is found under one of them is missed under the others"
    )


def _repeated(items: Iterable[Value], identity: Callable[[Value], Hashable]) -> list[list[Value]]:
    """Return the groups of two items or more that have one identity, in order."""
    groups: dict[Hashable, list[Value]] = defaultdict(list)
    for item in items:
        groups[identity(item)].append(item)
    return [group for group in groups.values() if len(group) > 1]


def _other_spellings(names: Sequence[str]) -> str:
    """Return the names that differ from the first, each once, joined for a message."""
    return ", ".join(repr(name) for name in dict.fromkeys(names) if name != names[0])


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
