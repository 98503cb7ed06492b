"""Image files read to their last byte, in parallel."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from adla.datasets.image_reading import read_decoded_size


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
        return read_decoded_size(path) if path.is_file() else None
    except (ValueError, OSError) as error:
        return str(error)
