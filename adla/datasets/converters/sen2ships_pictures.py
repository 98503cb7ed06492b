"""The colors of a scene of sen2ships: a picture, or bands of 16 bits."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from .sen2ships_scenes import STAND_INS, WITHOUT_IMAGE

if TYPE_CHECKING:
    from rasterio import DatasetReader

# True color as Sentinel Hub draws it: a reflectance of 1 / 2.5 is white. Its 16-bit files hold the
# reflectance times 65535.
_GAIN, _FULL_SCALE = 2.5, 65535


def find_pictures(
    folder: Path, size: tuple[int, int], problems: list[str], notes: list[str]
) -> list[Path]:
    """Return the files of a scene's colors: one picture of its size, else three bands.

    Args:
        folder: Folder of the harbor, named after it.
        size: Width and height of the scene in pixels.
        problems: Takes one line for each thing that is wrong.
        notes: Takes what the repository lacks.

    Returns:
        One file, three, or none where there is nothing to use.
    """
    port, files = folder.name, sorted(folder.iterdir()) if folder.is_dir() else []
    for name in (f"{port}_rgb.", "True_color."):
        for path in files:
            if name in path.name and path.is_file() and _size(path, problems) == size:
                return [path]
    bands, missing = _find_bands(port, files, problems, notes)
    if missing and port in WITHOUT_IMAGE:
        notes.append(f"{port}: left out, the repository has no image of it")
        return []
    if missing:
        problems.append(f"{port}: neither a picture of {size} pixels nor band {', '.join(missing)}")
        return []
    wrong = [path.name for path in bands if _size(path, problems) not in (size, None)]
    problems += [f"{port}/{name}: is not {size} pixels" for name in wrong]
    return bands


def _find_bands(
    port: str, files: list[Path], problems: list[str], notes: list[str]
) -> tuple[list[Path], list[str]]:
    """Return the files of red, green and blue, and the names of bands that are not there."""
    bands, missing = [], []
    for band in ("B04", "B03", "B02"):
        stand_in = STAND_INS.get((port, band), band)
        found = {name: [p for p in files if f"_{name}_" in p.name] for name in (band, stand_in)}
        chosen = band if found[band] else stand_in
        if len(found[chosen]) > 1:
            problems.append(f"{port}: band {chosen} is there more than once")
        elif found[chosen]:
            bands += found[chosen]
            if chosen != band:
                notes.append(f"{port}: no band {band} in the repository, {chosen} instead")
        else:
            missing.append(band)
    return bands, missing


@contextmanager
def _opened(path: Path) -> Iterator["DatasetReader"]:
    """Open a raster, without rasterio's warning about pictures that are no maps.

    Raises:
        ValueError: If it is damaged, or no raster.
        ImportError: If rasterio, an optional package, is not installed.
    """
    try:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioError
    except ModuleNotFoundError as error:
        raise ImportError(
            "sen2ships has TIFF files of several bands, which rasterio reads: "
            "pip install 'adla[scenes]'"
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as dataset:
                yield dataset
    except RasterioError as error:
        message = f"{path.parent.name}/{path.name}: is no whole raster ({error})"
        raise ValueError(message) from error


def _size(path: Path, problems: list[str]) -> tuple[int, int] | None:
    """Return the size of a raster; None, with a line in ``problems``, if it cannot be opened."""
    try:
        with _opened(path) as dataset:
            return dataset.width, dataset.height
    except ValueError as error:
        problems.append(str(error))
        return None


def read_pixels(pictures: list[Path]) -> ndarray:
    """Return the colors of a scene, shape (H, W, 3), RGB, uint8.

    Args:
        pictures: Its files, as :func:`find_pictures` returns them.

    Raises:
        ValueError: If a file is damaged, or its numbers are not of a kind that is known.
    """
    planes = [plane for path in pictures for plane in _read_planes(path, len(pictures))]
    kinds = sorted({str(plane.dtype) for plane in planes})
    folder = pictures[0].parent.name
    if len(kinds) > 1:
        names = ", ".join(path.name for path in pictures)
        mixed = " and ".join(kinds)
        raise ValueError(f"{folder}: bands of {mixed}, but one kind is wanted: {names}")
    colors = np.stack(planes, axis=-1)
    if colors.dtype == np.uint8:
        return colors
    if colors.dtype == np.uint16:
        gain = _GAIN if len(pictures) == 3 else 1.0
        return np.rint(np.clip(colors * (gain * 255 / _FULL_SCALE), 0, 255)).astype(np.uint8)
    raise ValueError(
        f"{folder}/{pictures[0].name}: holds {kinds[0]} values, but published are 8 or 16 bits"
    )


def _read_planes(path: Path, files: int) -> ndarray:
    """Return the first three bands of a picture, or the first of a band's file."""
    wanted = [1] if files == 3 else [1, 2, 3]
    with _opened(path) as dataset:
        if dataset.count < len(wanted):
            name = f"{path.parent.name}/{path.name}"
            raise ValueError(f"{name}: has {dataset.count} bands, not {len(wanted)}")
        return dataset.read(wanted)
