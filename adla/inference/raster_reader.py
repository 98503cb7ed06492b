"""Scenes as rows of 8-bit BGR pixels, read piece by piece by GDAL."""

import warnings
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import rasterio
from numpy import ndarray
from rasterio.enums import MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.windows import Window

from adla.datasets.image_header import read_header
from adla.datasets.value_range import ValueRange, bright_is_high

from .ground_place import NoPlace, Place, find_place
from .raster_bands import choose_bands, describe_range, to_uint8

#: Bytes of raw values that are read at a time, and bytes of decoded blocks that GDAL may keep (its
#: own default is a share of the machine's memory).
CHUNK_BYTES, GDAL_CACHE_BYTES = 64_000_000, 256_000_000
#: Why an ordinary picture has no place on Earth.
NO_REFERENCE = "has no coordinate reference system"


class UnreadableImage(ValueError):
    """One image cannot be read; others may be fine."""


class Raster:
    """A GeoTIFF, or any other picture too large to be decoded at once, read in windows.

    What a file says of its values counts as in training: gray that counts from white is inverted,
    1 to 4 bits are spread to 8, colors of a TIFF are multiplied by its alpha.

    Args:
        path: The file.
        value_range: Values that become black and white; needed for anything but 8 bits.
        bands: Numbers, from 1, of the bands shown as red, green and blue, or of the one gray band.

    Attributes:
        width: In pixels, as stored.
        height: In pixels, as stored.
        is_tiff: Whether it is a TIFF.
        blackens: Whether pixels without data become black.
        place: Where its pixels lie on Earth, or None.
        no_place: Why there is no place.

    Raises:
        UnreadableImage: If it cannot be read, or it is not clear which bands and values to show.
    """

    def __init__(
        self,
        path: Path,
        value_range: ValueRange | None = None,
        bands: tuple[int, ...] | None = None,
    ) -> None:
        self.path, self._range = path, value_range
        self.place: Place | None = None
        self.no_place = NO_REFERENCE
        self._stack = ExitStack()
        self._stack.enter_context(rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES))
        self._dataset = self._stack.enter_context(_open(path))
        try:
            self._choose(bands)
        except BaseException:
            self.close()
            raise
        self.width, self.height = self._dataset.width, self._dataset.height
        try:
            self.place = find_place(self._dataset)
        except NoPlace as error:
            self.no_place = str(error)
        except (
            Exception
        ) as error:  # what GDAL raises for damaged coordinates: the pixels may be fine
            self.no_place = f"has coordinates that cannot be read ({error})"

    def _choose(self, bands: tuple[int, ...] | None) -> None:
        """Decide what is shown, and how its values are meant."""
        dataset = self._dataset
        if kinds := [dtype for dtype in dataset.dtypes if "complex" in dtype]:
            raise UnreadableImage(
                f"{self.path} holds {kinds[0]} values, which have no gray: write their magnitude "
                "(or what the detector was trained on) as real numbers first"
            )
        try:
            self._bands, self._palette = choose_bands(dataset, bands)
            dtype = np.dtype(dataset.dtypes[self._bands[0] - 1])
            if self._range is None and dtype != np.uint8:
                raise ValueError(f"{self.path} {describe_range(dataset, self._bands)}")
        except RasterioIOError as error:
            raise self._unreadable(error) from None
        except ValueError as error:
            raise UnreadableImage(str(error)) from None
        structure, header = dataset.tags(self._bands[0], ns="IMAGE_STRUCTURE"), None
        self.is_tiff = dataset.driver == "GTiff"
        if self.is_tiff:
            header = read_header(self.path)
        self._bits = int(structure.get("NBITS", 8 * dtype.itemsize))
        self._inverted = header is not None and header.white_is_zero and dtype.kind == "u"
        flags = {flag for band in self._bands for flag in dataset.mask_flag_enums[band - 1]}
        self._is_masked = flags != {MaskFlags.all_valid}
        self._is_float = dtype.kind == "f"
        self._blended = (
            header is not None
            and header.straight_alpha
            and header.colors
            and self._range is None
            and MaskFlags.alpha in flags
        )
        self.blackens = self.is_tiff and MaskFlags.alpha not in flags
        self._step = max(1, CHUNK_BYTES // (dataset.width * dataset.count * dtype.itemsize))

    def read_rows(self, top: int, bottom: int) -> tuple[ndarray, ndarray]:
        """Return the rows from `top` up to `bottom`.

        Returns:
            Pixels of shape (bottom - top, width, 3), BGR, uint8, and which of them hold data,
            (bottom - top, width), bool. Those of a TIFF that hold none are black, unless alpha says
            so: a training does not look at it.

        Raises:
            UnreadableImage: If the file is damaged or cut short.
        """
        pixels = np.empty((bottom - top, self.width, 3), np.uint8)
        valid = np.ones(pixels.shape[:2], bool)
        for start in range(top, bottom, self._step):
            stop = min(start + self._step, bottom)
            rows = slice(start - top, stop - top)
            pixels[rows], valid[rows] = self._read(Window(0, start, self.width, stop - start))
        return pixels, valid

    def _read(self, window: Window) -> tuple[ndarray, ndarray]:
        try:
            values = self._dataset.read(self._bands, window=window)
            mask = self._dataset.dataset_mask(window=window) if self._is_masked else None
        except RasterioIOError as error:
            raise self._unreadable(error) from None
        valid = np.ones(values.shape[1:], bool) if mask is None else mask > 0
        if self._is_float:
            valid &= np.isfinite(values).all(axis=0)
        pixels = to_uint8(self._spread(values), self._range, self._palette)
        if mask is not None and self._blended:
            pixels = ((pixels * mask[..., None].astype(np.uint16) + 127) // 255).astype(np.uint8)
        return np.where(valid[..., None], pixels, 0) if self.blackens else pixels, valid

    def _unreadable(self, error: RasterioIOError) -> UnreadableImage:
        reason = " ".join(str(error.__cause__ or error).split())
        return UnreadableImage(f"{self.path} cannot be read: {reason}")

    def _spread(self, values: ndarray) -> ndarray:
        """Return gray values so that high is bright, and those of 1 to 4 bits as 8."""
        if self._palette is not None:
            return values
        if self._inverted:
            values = bright_is_high(values, self._bits)
        return values * (255 // (2**self._bits - 1)) if self._bits < 8 else values

    def read_mask(self) -> ndarray:
        """Return which pixels hold data, (height, width), bool, as stored."""
        valid = np.ones((self.height, self.width), bool)
        if self._is_masked:
            valid &= self._dataset.dataset_mask() > 0
        if self._is_float:
            valid &= np.isfinite(self._dataset.read(self._bands)).all(axis=0)
        return valid

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
