"""What converters do with image files: check them, measure masks, put them in place."""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from scipy import ndimage

from adla.atomic_files import atomic_path

from ..image_reading import IMAGE_SUFFIXES, find_damage
from ..value_range import read_values


def index_images(folder: Path, problems: list[str]) -> dict[str, Path]:
    """Map the stems of the images in a folder to their files, whatever the image format."""
    images: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in images:
            problems.append(f"{path}: {images[path.stem].name} has the same name")
        images.setdefault(path.stem, path)
    return images


def mask_extents(mask: str | os.PathLike) -> list[tuple[float, float, float, float]]:
    """Find the extents ``(x, y, w, h)`` in pixels of the 8-connected components of a mask file.

    Raises:
        ValueError: If the file is no image, or is damaged or cut short.
    """
    path = Path(mask)
    if why := find_damage(path):
        raise ValueError(f"not a whole image ({why})")
    try:
        values = read_values(path.read_bytes())
    except OSError as error:
        raise ValueError(f"not a whole image ({error})") from error
    foreground = values.reshape(*values.shape[:2], -1).any(axis=2)
    if not foreground.any():
        return []
    labels, _ = ndimage.label(foreground, structure=np.ones((3, 3)))
    return [
        (float(c.start), float(r.start), float(c.stop - c.start), float(r.stop - r.start))
        for r, c in ndimage.find_objects(labels)
    ]


def place_images(source: Path, target: Path, file_names: Iterable[str], copy: bool) -> None:
    """Make the images of the folder ``source`` available in the folder ``target``.

    Args:
        source: Folder that holds the images.
        target: Folder where they shall be; nothing is done if it is ``source`` already.
        file_names: Names to copy.
        copy: Copy the files; otherwise ``target`` becomes a symbolic link to ``source``.

    Raises:
        FileExistsError: If ``target`` is there and is something else.
    """
    check_place(source, target, copy)
    if target.exists() and target.samefile(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if not copy:
        target.symlink_to(source.resolve(), target_is_directory=True)
        return
    target.mkdir(exist_ok=True)
    for name in file_names:
        copy_file(source / name, target / name)


def check_place(source: Path, target: Path, copy: bool) -> None:
    """Check, before anything is written, that :func:`place_images` would find its place free.

    Raises:
        FileExistsError: If ``target`` is there and is something else.
    """
    if target.exists() and target.samefile(source):
        return
    if target.is_symlink() or (target.exists() and not (copy and target.is_dir())):
        raise FileExistsError(f"{target} is there and is not {source}: remove it, or use --copy")


def place_files(files: Mapping[str, Path], target: Path, copy: bool) -> None:
    """Make image files from one or several folders available in the folder ``target``.

    Args:
        files: Path of each file by its name.
        target: Folder where they shall be; a link to their folder if they are all in one.
        copy: Copy the files; otherwise link to them.

    Raises:
        FileExistsError: If ``target`` or a file in it is there and is something else.
    """
    check_files(files, target, copy)
    folders = {path.parent for path in files.values()}
    if len(folders) == 1:
        place_images(folders.pop(), target, files, copy)
        return
    target.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        if copy:
            copy_file(path, target / name)
        elif not (target / name).exists():
            (target / name).symlink_to(path.resolve())


def check_files(files: Mapping[str, Path], target: Path, copy: bool) -> None:
    """Check, before anything is written, that :func:`place_files` would find its place free.

    Raises:
        FileExistsError: If ``target`` or a file in it is there and is something else.
    """
    folders = {path.parent for path in files.values()}
    if len(folders) == 1:
        check_place(folders.pop(), target, copy)
        return
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise FileExistsError(f"{target} is there and is no folder: remove it")
    for name, path in files.items():
        other = target / name
        if not copy and other.exists() and not other.samefile(path):
            raise FileExistsError(f"{other} is there and is not {path}: remove it, or use --copy")


def copy_file(source: Path, target: Path) -> None:
    """Copy a file whole or not at all."""
    with atomic_path(target) as draft:
        shutil.copyfile(source, draft)
