"""Pictures and scenes of any kind, opened: as a training sees them where it could open them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy import ndarray

from adla.datasets.image_loader import LoadImage
from adla.datasets.image_reading import find_png_damage, read_bgr, stored_turn, turn_upright
from adla.datasets.value_range import ValueRange, read_in_range

from .outcome import first_line
from .raster_reader import Raster, UnreadableImage

#: Up to so many pixels an image is decoded as a whole, by what the training decodes with.
WHOLE_PIXELS = 64_000_000


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Make one line about the file of whatever goes wrong while it is read.

    Raises:
        UnreadableImage: If anything is raised, also what nobody has foreseen.
    """
    try:
        yield
    except UnreadableImage:
        raise
    except Exception as error:  # decoders raise what they like
        reason = first_line(error).removeprefix(f"{path}: ")
        raise UnreadableImage(f"{path} cannot be read: {reason}") from error


class Picture:
    """An image small enough to be decoded as a whole: upright, with the pixels of a training.

    A TIFF that the training could not open, for its codec or its layout, is decoded by GDAL.

    Args:
        raster: The same file, opened.
        load: Returns the pixels of a file as the training sees them.
        turn: How it is stored, see `image_reading.stored_turn`.
    """

    def __init__(self, raster: Raster, load: LoadImage, turn: int) -> None:
        self._raster, self._load, self._turn = raster, load, turn
        self.path, self.place, self.no_place = raster.path, raster.place, raster.no_place
        if turn != 1 and raster.place is not None:
            self.place, self.no_place = None, "has coordinates, but is stored turned"
        size = raster.width, raster.height
        self.width, self.height = size[::-1] if turn > 4 else size
        self._decoded: tuple[ndarray, ndarray] | None = None

    def read_rows(self, top: int, bottom: int) -> tuple[ndarray, ndarray]:
        """Return the rows from `top` up to `bottom`, see :meth:`Raster.read_rows`."""
        if self._decoded is None:
            self._decoded = self._decode()
        pixels, valid = self._decoded
        return pixels[top:bottom], valid[top:bottom]

    def _decode(self) -> tuple[ndarray, ndarray]:
        if damage := find_png_damage(self.path):
            raise UnreadableImage(f"{self.path} cannot be decoded: {damage}")
        try:
            pixels = self._load(self.path)
        except ValueError as error:
            if not self._raster.is_tiff:
                raise UnreadableImage(f"{self.path} cannot be decoded: {error}") from error
            pixels, valid = self._raster.read_rows(0, self._raster.height)
            return turn_upright(pixels, self._turn), turn_upright(valid, self._turn)
        if pixels.dtype != np.uint8 or pixels.shape != (self.height, self.width, 3):
            raise UnreadableImage(
                f"{self.path}: the loading step of the config gives {pixels.dtype} of shape "
                f"{pixels.shape}, not uint8 of {(self.height, self.width, 3)}"
            )
        valid = turn_upright(self._raster.read_mask(), self._turn)
        if self._raster.blackens:
            pixels = np.where(valid[..., None], pixels, 0)
        return pixels, valid

    def close(self) -> None:
        """Let the pixels go."""
        self._decoded = None
        self._raster.close()


def open_source(
    path: Path,
    value_range: ValueRange | None = None,
    bands: tuple[int, ...] | None = None,
    load: LoadImage = read_bgr,
) -> Picture | Raster:
    """Open a picture or a scene.

    Args:
        path: The file.
        value_range: See :class:`Raster`.
        bands: See :class:`Raster`.
        load: Returns the pixels of a file of 8 bits as the training sees them.

    Raises:
        UnreadableImage: If it is not there or cannot be read, or if it is not clear which bands and
            values to show.
    """
    if not path.is_file():
        raise UnreadableImage(f"no such image: {path}")
    with reading(path):
        raster = Raster(path, value_range, bands)
        try:
            turn = stored_turn(path)
            if raster.width * raster.height <= WHOLE_PIXELS and bands is None:
                if value_range is not None:
                    load = partial(read_in_range, value_range=value_range)
                return Picture(raster, load, turn)
            if turn != 1:
                raise UnreadableImage(
                    f"{path} is stored turned (orientation {turn}), and too large to be turned in "
                    "memory or read by --bands: write it upright first"
                )
        except BaseException:
            raster.close()
            raise
        return raster


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
        """Return what :meth:`Raster.read_rows` returns for these rows.

        Raises:
            UnreadableImage: If they cannot be read, whatever the reason.
        """
        with reading(self._source.path):
            return self._read(top, bottom)

    def _read(self, top: int, bottom: int) -> tuple[ndarray, ndarray]:
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
