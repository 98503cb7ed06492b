"""What converters do with image files: check them, measure masks, link or copy them."""

import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from ..image_reading import IMAGE_SUFFIXES, find_damage
from ..value_range import read_values

#: Writes a file, folder or link to a path that is not its own yet.
Writer = Callable[[Path], object]


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


def image_writers(files: Mapping[str, Path], target: Path, copy: bool) -> dict[Path, Writer]:
    """Return what makes image files available in the folder ``target``, for :func:`.write_all`.

    Args:
        files: Path of each file by its name; they may lie in several folders.
        target: Folder where they shall be; a link to their folder if they are all in one.
        copy: Copy the files; otherwise link to them.

    Returns:
        What writes each file, folder or link that is not there yet, or that a copy replaces.

    Raises:
        FileExistsError: If ``target`` or a file in it is there and is something else.
    """
    folders = {path.parent for path in files.values()}
    if len(folders) == 1:
        (source,) = folders
        if target.exists() and target.samefile(source):
            return {}
        if target.is_symlink() or (target.exists() and not (copy and target.is_dir())):
            raise FileExistsError(
                f"{target} is there and is not {source}: remove it, or use --copy"
            )
        if not copy:
            return {target: partial(_link, source)}
    write: Callable[[Path, Path], object] = shutil.copyfile if copy else _link
    if not os.path.lexists(target):
        return {target: partial(_write_folder, files, write)}
    if target.is_symlink() or not target.is_dir():
        raise FileExistsError(f"{target} is there and is no folder: remove it")
    writers: dict[Path, Writer] = {
        target / name: partial(write, path) for name, path in files.items()
    }
    if copy:
        return writers
    for name, path in files.items():
        other = target / name
        if other.exists() and not other.samefile(path):
            raise FileExistsError(f"{other} is there and is not {path}: remove it, or use --copy")
    return {path: write for path, write in writers.items() if not path.exists()}


def _link(source: Path, draft: Path) -> None:
    draft.symlink_to(source.resolve(), target_is_directory=source.is_dir())


def _write_folder(
    files: Mapping[str, Path], write: Callable[[Path, Path], object], draft: Path
) -> None:
    draft.mkdir()
    for name, path in files.items():
        write(path, draft / name)


def check_free(folder: Path) -> None:
    """Check that a folder is not there yet.

    Raises:
        FileExistsError: If it is; it is not overwritten.
    """
    if folder.exists() or folder.is_symlink():
        raise FileExistsError(f"{folder} is there already: remove it, or convert to another folder")
