"""From values of any depth to the 8 bits of a picture, by one arithmetic for all that read images.

Training (`LoadImageInRange`), checking and prediction (``--value-range``) share it.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from .image_header import Header, read_header

#: Lowest and highest value shown, as black and white.
ValueRange = tuple[float, float]
#: Of these types OpenCV does not show all bands where they are not marked as colors.
_FIRST_BAND_ONLY = ("uint8", "uint16", "int8", "int16")


def check_range(value_range: Sequence[float], name: str) -> None:
    """Check that two values can become black and white.

    Args:
        value_range: The values.
        name: What they are called in the message.

    Raises:
        ValueError: If they are not two finite numbers, the first below the second.
    """
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        raise ValueError(f"{name} wants two numbers, LOW HIGH, but got {value_range!r}") from None
    if not (low < high and np.isfinite([low, high]).all()):
        raise ValueError(f"{name} wants LOW below HIGH, both finite, but got {low:g} {high:g}")


def to_bytes(values: ndarray, value_range: ValueRange) -> ndarray:
    """Scale values linearly to 0 and 255, in float32, rounded half to even.

    Values beyond the range become black and white; those that are no number, black.
    """
    low, high = value_range
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(255 / (high - low))
    return np.rint(np.nan_to_num(scaled, posinf=255, neginf=0).clip(0, 255)).astype(np.uint8)


def bright_is_high(values: ndarray, bits: int) -> ndarray:
    """Invert values of so many bits that count from white (MINISWHITE)."""
    return (2**bits - 1 - values.astype(np.int64)).astype(values.dtype)


def read_values(content: bytes) -> ndarray:
    """Decode an image with the values that are stored, turned upright.

    OpenCV decodes. Two of its habits are undone: it shifts values of 10 to 14 bits to 16, and
    leaves values of more than 8 bits that count from white as they are.

    Args:
        content: Of the file.

    Returns:
        Values of shape (H, W) or, in the order BGR, (H, W, 3); alpha is left out.

    Raises:
        ValueError: If OpenCV cannot decode it, or the file has bands that nothing marks as colors.
    """
    header = read_header(content)
    if header is not None and header.unmarked_bands and header.dtype in _FIRST_BAND_ONLY:
        raise ValueError(
            f"a {header} that are not marked as colors: write it with the bands to show, one or "
            "three, and photometric RGB for three"
        )
    try:
        flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
        values = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error as error:
        raise ValueError(str(error).strip()) from None
    if values is None:
        raise ValueError(f"OpenCV cannot decode it ({header or 'unknown or damaged'})")
    if header is None or values.dtype != np.uint16 or header.kind != "TIFF":
        return values
    return _undo_shift(values, header)


def _undo_shift(values: ndarray, header: Header) -> ndarray:
    bits = int(header.dtype.removeprefix("uint"))
    values = values >> (16 - bits)
    return bright_is_high(values, bits) if header.white_is_zero else values


def decode_in_range(content: bytes, value_range: ValueRange) -> ndarray:
    """Decode an image and scale its values, see :func:`read_values` and :func:`to_bytes`.

    Returns:
        Pixels of shape (H, W, 3), BGR, uint8.
    """
    pixels = to_bytes(read_values(content), value_range)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def read_in_range(path: Path, value_range: ValueRange) -> ndarray:
    """Return :func:`decode_in_range` of a file; a ValueError names it."""
    try:
        return decode_in_range(path.read_bytes(), value_range)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
