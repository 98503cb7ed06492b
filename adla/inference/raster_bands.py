"""From a raster's bands and values to the 8-bit colors that a detector was trained on."""

from collections.abc import Sequence

import numpy as np
import rasterio
from numpy import ndarray
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from adla.datasets.image_header import read_header
from adla.datasets.value_range import ValueRange, to_bytes

_COLORS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


def choose_bands(
    dataset: rasterio.DatasetReader, wanted: Sequence[int] | None
) -> tuple[list[int], ndarray | None]:
    """Choose the bands to show.

    Args:
        dataset: The raster.
        wanted: Band numbers from 1: red, green and blue, or one gray band; None: if it is clear.

    Returns:
        Band numbers (1 or 3 of them) and, for a paletted band, its colors (256, 3), BGR, uint8.

    Raises:
        ValueError: If the numbers do not fit, or if it is not clear which bands to show.
    """
    if wanted is not None:
        if len(wanted) not in (1, 3) or not all(1 <= band <= dataset.count for band in wanted):
            raise ValueError(
                f"{dataset.name} has the bands 1 to {dataset.count}; --bands takes one of them "
                f"(gray) or three (red, green, blue), but got {' '.join(map(str, wanted))}"
            )
        return list(wanted), None
    kinds = dict(enumerate(dataset.colorinterp, start=1))
    shown = [band for band, kind in kinds.items() if kind != ColorInterp.alpha]
    if len(shown) == 1 and kinds[shown[0]] == ColorInterp.palette:
        header = read_header(dataset.name)
        if header is not None and not header.colors and header.dtype == "uint8":
            raise ValueError(
                f"{dataset.name} has a color table and is marked as gray: --bands 1 shows its "
                "numbers as gray, as a training sees them; for colors write it with photometric "
                "palette"
            )
        table = dataset.colormap(shown[0])
        colors = np.zeros((max(256, *table) + 1, 3), np.uint8)
        for value, color in table.items():
            colors[value] = color[2::-1]
        return shown, colors
    if len(shown) == 3 and set(_COLORS) == {kinds[band] for band in shown}:
        return sorted(shown, key=lambda band: _COLORS.index(kinds[band])), None
    if len(shown) == 1 or (len(shown) == 3 and not _only_first_is_shown(dataset)):
        return shown, None
    raise ValueError(
        f"{dataset.name} has {len(shown)} bands: say which ones are red, green and blue, "
        "for example --bands 1 2 3, or name one to show as gray (a training that opens such a file "
        "sees the first)"
    )


def _only_first_is_shown(dataset: rasterio.DatasetReader) -> bool:
    """Whether a training would see three bands as one gray one, as nothing marks them as colors."""
    header = read_header(dataset.name)
    return header is not None and header.unmarked_bands and header.dtype == "uint8"


def to_uint8(values: ndarray, value_range: ValueRange | None, palette: ndarray | None) -> ndarray:
    """Turn raw values (1 or 3, H, W) into pixels (H, W, 3), BGR, uint8.

    Args:
        values: Gray or red, green and blue.
        value_range: Linear scaling of these two values to 0 and 255; values beyond become black and
            white. None: they are 8 bits already.
        palette: Colors of a paletted band, see :func:`choose_bands`.
    """
    if palette is not None:
        colors = palette[values[0]]
        return colors if value_range is None else to_bytes(colors, value_range)
    if value_range is not None:
        values = to_bytes(values, value_range)
    return np.moveaxis(np.broadcast_to(values[::-1], (3, *values.shape[1:])), 0, -1)


def describe_range(dataset: rasterio.DatasetReader, bands: list[int]) -> str:
    """Say that a raster needs a value range, with the percentiles of 16 rows as a proposal."""
    rows = np.unique(np.linspace(0, dataset.height - 1, 16).astype(int))
    samples = [
        dataset.read(bands, window=Window(0, int(row), dataset.width, 1), masked=True).compressed()
        for row in rows
    ]
    values = np.concatenate(samples)
    values = values[np.isfinite(values)]
    proposal = (
        ""
        if not len(values)
        else " (2nd and 98th percentile of a sample: {:g} {:g})".format(
            *np.percentile(values, (2, 98))
        )
    )
    dtype = dataset.dtypes[bands[0] - 1]
    seen = _seen_in_training(dataset) if dtype == "uint16" else ""
    return (
        f"holds {dtype} values, and the detector wants 8 bits: say which values become black and "
        f"white with --value-range LOW HIGH{proposal}{seen}"
    )


def _seen_in_training(dataset: rasterio.DatasetReader) -> str:
    """Say what ``LoadImageFromFile`` makes of 16 bits: the upper 8, or rounded in a color TIFF."""
    header = read_header(dataset.name)
    is_rounded = header is not None and header.kind == "TIFF" and header.colors
    seen = "0 65535" if is_rounded else "127.5 65407.5"
    return f"; a training by LoadImageFromFile has seen such files with {seen}"
