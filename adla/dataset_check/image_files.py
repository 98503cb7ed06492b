"""Image files read to their last byte, in parallel."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
from PIL import Image

from adla.datasets.converters.images import read_image_size

_ORIENTATION, _LYING = 0x0112, range(5, 9)  # the EXIF tag, and its values that swap the sides


@dataclass
class Files:
    """What reading the files gave.

    Attributes:
        sizes: Path -> (width, height) in pixels, as the training will see the image.
        missing: Paths where there is no file.
        unreadable: Path -> why it could not be read.
    """

    sizes: dict[Path, tuple[int, int]] = field(default_factory=dict)
    missing: list[Path] = field(default_factory=list)
    unreadable: dict[Path, str] = field(default_factory=dict)


def read_files(
    paths: Sequence[Path], jobs: int = 1, on_file: Callable[[], object] = lambda: None
) -> Files:
    """Decode every image file; a file that breaks off counts as unreadable.

    Threads serve, not processes: Pillow decodes outside of Python's lock.

    Args:
        paths: The files.
        jobs: How many are read at a time.
        on_file: Called after each file, for a progress bar.

    Raises:
        ValueError: If `jobs` is not positive.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, but got {jobs}")
    files = Files()
    with ThreadPoolExecutor(jobs) as pool:
        for path, result in zip(paths, pool.map(_read, paths), strict=True):
            if result is None:
                files.missing.append(path)
            elif isinstance(result, str):
                files.unreadable[path] = result
            else:
                files.sizes[path] = result
            on_file()
    return files


def _read(path: Path) -> tuple[int, int] | str | None:
    """Return the size of an image, why it cannot be read, or None if there is no file."""
    try:
        if not path.is_file():
            return None
        read_image_size(path)  # also the checksums, which decoding passes over
        with Image.open(path) as image:
            image.load()
            lying = image.getexif().get(_ORIENTATION) in _LYING
            return image.size[::-1] if lying else image.size
    except Exception as error:  # Pillow's plugins raise what they like on damaged bytes
        unknown = "cannot identify" in str(error)
        # mmcv reads with OpenCV, which knows some kinds of TIFF that Pillow does not.
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if unknown else None
        if image is not None:
            return image.shape[1], image.shape[0]
        return str(error)
