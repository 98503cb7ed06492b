"""Image files read to their last byte, as the training loads them, in parallel."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy import ndarray

from adla.datasets.image_header import Header, read_header
from adla.datasets.image_reading import find_damage, read_bgr
from adla.datasets.value_range import read_values

#: Pixels that keep fewer gray levels than this, and less than half of those stored, are spoiled.
FEW_LEVELS = 64
_EIGHT_BITS = (".bmp", ".jpeg", ".jpg", ".webp")


@dataclass(frozen=True)
class Depth:
    """What is stored in a file of more than 8 bits, and what is left of it once it is loaded.

    Attributes:
        dtype: Of the values.
        low: The lowest value.
        high: The highest value.
        stored: Number of different values.
        left: Number of different values after loading; 0: it cannot be loaded.
    """

    dtype: str
    low: float
    high: float
    stored: int
    left: int

    @property
    def is_spoiled(self) -> bool:
        """Whether a training cannot see what is in the file."""
        return self.left < FEW_LEVELS and 2 * self.left <= self.stored


@dataclass
class Files:
    """What reading the files gave.

    Attributes:
        sizes: Path -> (width, height) in pixels, as the training sees the image.
        missing: Paths where there is no file.
        unreadable: Path -> why it is damaged or no image.
        unloadable: Path -> why the training cannot load it, though it is whole.
        depths: Path -> what a file of more than 8 bits holds.
        hidden_bands: Path -> what it is, where loading shows one of its bands.
    """

    sizes: dict[Path, tuple[int, int]] = field(default_factory=dict)
    missing: list[Path] = field(default_factory=list)
    unreadable: dict[Path, str] = field(default_factory=dict)
    unloadable: dict[Path, str] = field(default_factory=dict)
    depths: dict[Path, Depth] = field(default_factory=dict)
    hidden_bands: dict[Path, Header] = field(default_factory=dict)


def read_files(
    paths: Sequence[Path],
    jobs: int = 1,
    on_file: Callable[[], object] = lambda: None,
    load: Callable[[Path], ndarray] = read_bgr,
) -> Files:
    """Load every image file; a file that breaks off counts as unreadable.

    Threads serve, not processes: OpenCV and Pillow decode outside of Python's lock.

    Args:
        paths: The files.
        jobs: How many are read at a time.
        on_file: Called after each file, for a progress bar.
        load: What the training loads a file by; it raises ValueError where it cannot.

    Raises:
        ValueError: If `jobs` is not positive.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, but got {jobs}")
    files = Files()
    with ThreadPoolExecutor(jobs) as pool:
        for add in pool.map(lambda path: _read(path, load), paths):
            add(files)
            on_file()
    return files


def _read(path: Path, load: Callable[[Path], ndarray]) -> Callable[[Files], None]:
    """Read one file, and return what writes down what was found."""
    try:
        if not path.is_file():
            return lambda files: files.missing.append(path)
        damage = find_damage(path)
    except (ValueError, OSError) as error:
        damage = str(error)
    if damage is not None:
        return lambda files: files.unreadable.update({path: damage})
    header = read_header(path)
    try:
        pixels = load(path)
    except (ValueError, MemoryError) as error:
        return _not_loaded(path, header, str(error))
    size, depth = (pixels.shape[1], pixels.shape[0]), _measure(path, header, pixels)

    def add(files: Files) -> None:
        files.sizes[path] = size
        if depth is not None:
            files.depths[path] = depth
        if header is not None and header.unmarked_bands and _is_gray(pixels):
            files.hidden_bands[path] = header

    return add


def _not_loaded(path: Path, header: Header | None, reason: str) -> Callable[[Files], None]:
    """Tell what is no image, or cut short, from what is sound and cannot be loaded."""
    if header is None:
        return lambda files: files.unreadable.update({path: reason})
    depth = _measure(path, header, None)

    def add(files: Files) -> None:
        files.unloadable[path] = str(header)
        if depth is not None:
            files.depths[path] = depth

    return add


def _measure(path: Path, header: Header | None, pixels: ndarray | None) -> Depth | None:
    """Compare the values that are stored with those that are left; None for 8 bits."""
    eight = path.suffix.lower() in _EIGHT_BITS if header is None else header.dtype == "uint8"
    if eight:
        return None
    try:
        values = read_values(path.read_bytes())
    except (ValueError, OSError):
        return None
    if values.dtype == np.uint8:
        return None
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    left = 0 if pixels is None else _count_levels(pixels)
    return Depth(
        str(values.dtype), float(finite.min()), float(finite.max()), _count_levels(finite), left
    )


def _count_levels(values: ndarray) -> int:
    """Count the different values; of integers of up to 16 bits without sorting them."""
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
        plain = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
        return int(np.count_nonzero(np.bincount(plain.reshape(-1))))
    return len(np.unique(values))


def _is_gray(pixels: ndarray) -> bool:
    return pixels.ndim == 2 or bool((pixels[..., :1] == pixels).all())
