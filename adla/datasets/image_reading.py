"""How image files are opened: what counts as one, its size and its pixels as a training sees them.

A training reads by mmcv's ``LoadImageFromFile``: OpenCV decodes to 8-bit BGR and turns the picture
upright, as EXIF or, in a TIFF, its own tag says. Beside this file: `image_header` knows what a file
stores, `value_range` makes 8 bits of more, `image_loader` finds what a config loads images by.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from numpy import ndarray
from PIL import Image, UnidentifiedImageError

from .image_header import PNG_START, read_header

#: What counts as an image in a folder.
IMAGE_SUFFIXES = (".bmp", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
#: OpenCV opens no image of more pixels. Pillow refuses from 179 million on.
MAX_PIXELS = 2**30
_ORIENTATION_TAG = 0x0112
_TURNED = ("JPEG", "MPO", "WEBP")
_LIMIT_LOCK = Lock()
#: Deflate makes at best so many bytes of one; a pixel of a PNG takes a bit at least.
_DEFLATE_RATIO = 1032


@contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """Open a picture with Pillow, with OpenCV's limit on the pixels in place of Pillow's.

    Raises:
        OSError: If it cannot be opened, and what else Pillow raises for damaged files.
    """
    with _LIMIT_LOCK:  # the limit is a global variable, and looked at when a file is opened
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MAX_PIXELS // 2
        try:
            image = Image.open(path)
        finally:
            Image.MAX_IMAGE_PIXELS = before
    with image:
        yield image


@cache
def _is_turned_by_opencv(kind: str) -> bool:
    """Whether the installed OpenCV turns pictures of a kind upright; JPEG always, WebP of late."""
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = 6
    file = BytesIO()
    Image.new("RGB", (2, 1)).save(file, kind, exif=exif)
    seen = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    return seen is not None and seen.shape[:2] == (2, 1)


def stored_turn(path: Path) -> int:
    """Return by what a training turns a picture: 1 is not at all, above 4 sides are swapped.

    The numbers are those of EXIF.

    Raises:
        OSError: If there is no such file, and what else Pillow raises for damaged files.
    """
    header = read_header(path)
    if header is not None:
        return header.turn if _is_turned_by_opencv(header.kind) else 1
    try:
        with open_picture(path) as image:
            turn, kind = image.getexif().get(_ORIENTATION_TAG, 1), image.format
    except UnidentifiedImageError:
        return 1
    return turn if turn in range(2, 9) and kind in _TURNED and _is_turned_by_opencv(kind) else 1


def turn_upright(pixels: ndarray, turn: int) -> ndarray:
    """Turn rows and columns (H, W, ...) upright, from an orientation as EXIF counts it."""
    if turn > 4:
        pixels = np.swapaxes(pixels, 0, 1)
    flips = {2: (1,), 3: (0, 1), 4: (0,), 6: (1,), 7: (0, 1), 8: (0,)}
    return np.flip(pixels, flips[turn]) if turn in flips else pixels


def read_image_size(path: Path) -> tuple[int, int]:
    """Return ``(width, height)`` in pixels of a whole image file, turned upright.

    Raises:
        ValueError: If the file is no image, or is damaged or cut short.
    """
    try:
        header, turn = read_header(path), stored_turn(path)
        with open_picture(path) as image:
            width, height = image.size if header is None else header.size
            image.verify()
    except Exception as error:  # Pillow has no common class for what damaged files raise
        raise ValueError(f"not a whole image ({error})") from error
    return (height, width) if turn > 4 else (width, height)


def find_png_damage(path: Path) -> str | None:
    """Say why a PNG is not whole, before a decoder takes gigabytes for what it says of itself.

    Returns:
        None for a sound PNG and for any other file.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(PNG_START)) != PNG_START:
                return None
        header = read_header(path)
        if header is None:
            return "broken PNG header"
        width, height = header.size
        if width * height > 8 * _DEFLATE_RATIO * path.stat().st_size:
            return f"too few data for {width} x {height} pixels"
        with open_picture(path) as image:
            image.verify()
    except Exception as error:  # Pillow raises what it likes on damaged bytes
        return str(error) or type(error).__name__
    return None


def find_damage(path: Path) -> str | None:
    """Say why an image file is not whole, or None.

    Decoders fill in what a cut JPEG lacks. Pillow reports it, and the checksums of a PNG. Of kinds
    that Pillow does not know nothing is said.
    """
    header = read_header(path)
    try:
        if damage := find_png_damage(path):
            return damage
        if header is None or header.kind != "PNG":
            with open_picture(path) as image:
                image.load()
    except UnidentifiedImageError:
        return None
    except Exception as error:  # Pillow's plugins raise what they like on damaged bytes
        return str(error) or type(error).__name__
    return None


def read_bgr(path: Path) -> ndarray:
    """Return the pixels (H, W, 3), BGR, uint8, of a picture, as ``LoadImageFromFile`` does.

    Raises:
        ValueError: If there is no such file, or it cannot be read.
    """
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
        pixels = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except (OSError, cv2.error) as error:
        raise ValueError(f"{path} is no readable image ({str(error).strip()})") from error
    if pixels is None:
        raise ValueError(f"{path} is no readable image")
    return pixels
