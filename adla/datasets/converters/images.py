"""What converters do with image files: check them, measure masks, put them in place."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage


def read_image_size(path: Path) -> tuple[int, int]:
    """Return ``(width, height)`` in pixels of a whole image file.

    Raises:
        ValueError: If the file is no image, or is damaged or cut short.
    """
    try:
        with Image.open(path) as image:
            image.verify()
            return image.size
    except (OSError, SyntaxError) as error:
        raise ValueError(f"not a whole image ({error})") from error


def mask_extents(mask: str | os.PathLike) -> list[tuple[float, float, float, float]]:
    """Find the extents ``(x, y, w, h)`` in pixels of the 8-connected components of a mask file.

    Raises:
        ValueError: If the file is no image, or is damaged or cut short.
    """
    try:
        with Image.open(mask) as image:
            foreground = np.asarray(image.convert("L")) > 0
    except (OSError, SyntaxError) as error:
        raise ValueError(f"not a whole image ({error})") from error
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
    if target.exists() and target.samefile(source):
        return
    if target.is_symlink() or (target.exists() and not copy):
        raise FileExistsError(f"{target} is there and is not {source}: remove it, or use --copy")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not copy:
        target.symlink_to(source.resolve(), target_is_directory=True)
        return
    target.mkdir(exist_ok=True)
    for name in file_names:
        shutil.copyfile(source / name, target / name)
