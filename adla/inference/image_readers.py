"""Pictures and scenes as rows of 8-bit BGR pixels, read piece by piece."""

import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy import ndarray
from PIL import Image, ImageOps
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.windows import Window

from adla.datasets.image_reading import orientation, upright_size

from .raster_bands import ValueRange, choose_bands, describe_range, to_uint8

#: Up to so many pixels a picture that is no GeoTIFF is decoded as a whole.
WHOLE_PIXELS = 64_000_000
#: Bytes of raw values that are read at a time, and bytes of decoded blocks that GDAL may keep (its
#: own default is a share of the machine's memory).
CHUNK_BYTES, GDAL_CACHE_BYTES = 64_000_000, 256_000_000


class UnreadableImage(ValueError):
    """One image cannot be read; others may be fine."""


class Picture:
    """A picture small enough to be decoded as a whole: upright, in color, alpha apart.

    Args:
        path: The file.
    """

    crs: Any = None
    transform: Any = None

    def __init__(self, path: Path) -> None:
        self._path = path
        with Image.open(path) as image:
            self._turned = orientation(image) != 1
            self.width, self.height = upright_size(image)
        self._decoded: tuple[ndarray, ndarray] | None = None

    def read_rows(self, top: int, bottom: int) -> tuple[ndarray, ndarray]:
        """Return the rows from `top` up to `bottom`, see :meth:`Raster.read_rows`."""
        if self._decoded is None:
            self._decoded = self._decode()
        pixels, valid = self._decoded
        return pixels[top:bottom], valid[top:bottom]

    def _decode(self) -> tuple[ndarray, ndarray]:
        try:
            with Image.open(self._path) as image:
                upright = ImageOps.exif_transpose(image) if self._turned else image
                alpha = "A" in upright.getbands() or "transparency" in upright.info
                pixels = np.asarray(upright.convert("RGBA" if alpha else "RGB"))
        except (OSError, SyntaxError) as error:
            raise UnreadableImage(f"{self._path} cannot be decoded: {error}") from None
        if not alpha:
            return pixels[..., ::-1], np.ones(pixels.shape[:2], bool)
        valid = pixels[..., 3] > 0
        return np.where(valid[..., None], pixels[..., 2::-1], 0), valid

    def close(self) -> None:
        """Let the pixels go."""
        self._decoded = None


class Raster:
    """A GeoTIFF, or any other picture too large to be decoded at once, read in windows.

    Args:
        path: The file.
        value_range: Values that become black and white; needed for anything but 8 bits.
        bands: Numbers, from 1, of the bands shown as red, green and blue, or of the one gray band.

    Raises:
        UnreadableImage: If it cannot be read, or it is not clear which bands and values to show.
    """

    def __init__(
        self, path: Path, value_range: ValueRange | None, bands: tuple[int, ...] | None
    ) -> None:
        self._path, self._range = path, value_range
        self._stack = ExitStack()
        self._stack.enter_context(rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES))
        self._dataset = self._stack.enter_context(_open(path))
        try:
            self._bands, self._palette = choose_bands(self._dataset, bands)
            dtype = np.dtype(self._dataset.dtypes[self._bands[0] - 1])
            if value_range is None and dtype != np.uint8:
                raise ValueError(f"{path} {describe_range(self._dataset, self._bands)}")
        except (ValueError, RasterioIOError) as error:
            self.close()
            raise UnreadableImage(str(error)) from None
        self.width, self.height = self._dataset.width, self._dataset.height
        self.crs = self._dataset.crs
        self.transform = self._dataset.transform if self.crs else None
        self._masked = any(
            MaskFlags.all_valid not in self._dataset.mask_flag_enums[band - 1]
            for band in self._bands
        )
        self._step = max(1, CHUNK_BYTES // (self.width * self._dataset.count * dtype.itemsize))

    def read_rows(self, top: int, bottom: int) -> tuple[ndarray, ndarray]:
        """Return the rows from `top` up to `bottom`.

        Returns:
            Pixels of shape (bottom - top, width, 3), BGR, uint8, black where there is no data, and
            which pixels hold data, (bottom - top, width), bool.

        Raises:
            UnreadableImage: If the file is damaged or cut short.
        """
        pixels = np.empty((bottom - top, self.width, 3), np.uint8)
        valid = np.ones(pixels.shape[:2], bool)
        for start in range(top, bottom, self._step):
            stop = min(start + self._step, bottom)
            window = Window(0, start, self.width, stop - start)
            rows = slice(start - top, stop - top)
            try:
                values = self._dataset.read(self._bands, window=window)
                if self._masked:
                    valid[rows] = self._dataset.dataset_mask(window=window) > 0
            except RasterioIOError as error:
                reason = str(error.__cause__ or error)
                raise UnreadableImage(f"{self._path} cannot be read: {reason}") from None
            if np.issubdtype(values.dtype, np.floating):
                valid[rows] &= np.isfinite(values).all(axis=0)
            pixels[rows] = to_uint8(values, self._range, self._palette)
            pixels[rows][~valid[rows]] = 0
        return pixels, valid

    def close(self) -> None:
        """Close the file."""
        self._stack.close()


def _open(path: Path) -> rasterio.DatasetReader:
    """Open a file with rasterio, without its warning about images that are not georeferenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            return rasterio.open(path)
        except RasterioIOError as error:
            raise UnreadableImage(f"{path} is not a readable image: {error}") from None


def open_source(
    path: Path,
    value_range: ValueRange | None = None,
    bands: tuple[int, ...] | None = None,
) -> Picture | Raster:
    """Open a picture or a scene.

    Args:
        path: The file.
        value_range: See :class:`Raster`.
        bands: See :class:`Raster`.

    Raises:
        UnreadableImage: If it is not there or cannot be read, or if it is not clear which bands and
            values to show.
    """
    if not path.is_file():
        raise UnreadableImage(f"no such image: {path}")
    with _open(path) as dataset:
        whole = dataset.width * dataset.height <= WHOLE_PIXELS and dataset.driver != "GTiff"
        eight_bits = set(dataset.dtypes) == {"uint8"}
        turned = dataset.tags().get("EXIF_Orientation", "1") != "1"
    if whole and eight_bits and value_range is None and bands is None:
        try:
            return Picture(path)
        except OSError as error:
            raise UnreadableImage(f"{path} cannot be decoded: {error}") from None
    if turned:
        raise UnreadableImage(
            f"{path} is stored turned (EXIF orientation) and too large to be turned in memory: "
            "write it upright first"
        )
    return Raster(path, value_range, bands)


class RowBuffer:
    """Rows of a source, each read once as long as they are asked for from top to bottom.

    A PNG can only be decoded from its top, and neighboring rows of slices overlap.

    Args:
        source: What to read.
    """

    def __init__(self, source: Picture | Raster) -> None:
        self._source = source
        self._top = self._bottom = 0
        self._rows: tuple[ndarray, ndarray] | None = None

    def read(self, top: int, bottom: int) -> tuple[ndarray, ndarray]:
        """Return what :meth:`Raster.read_rows` returns for these rows."""
        if self._rows is None or not self._top <= top < self._bottom:
            self._rows = self._source.read_rows(top, bottom)
        else:
            new = self._source.read_rows(self._bottom, max(bottom, self._bottom))
            self._rows = tuple(
                np.concatenate([old[top - self._top : bottom - self._top], more])
                for old, more in zip(self._rows, new, strict=True)
            )
        self._top, self._bottom = top, bottom
        return self._rows
