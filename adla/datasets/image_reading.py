"""How image files are opened: what counts as one, its size and its pixels as a training sees them.

A training reads by mmcv, which turns a picture upright as its EXIF orientation says.
"""

from pathlib import Path

import cv2
from numpy import ndarray
from PIL import Image

#: What counts as an image in a folder.
IMAGE_SUFFIXES = (".bmp", ".jp2", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_ORIENTATION_TAG = 0x0112


def orientation(image: Image.Image) -> int:
    """Return how an opened picture is turned: 1 is upright, above 4 its sides are swapped.

    Pillow turns TIFF by itself. It would decode a PNG to its end in search of an EXIF block, so
    that of a PNG counts where it stands before the pixels or the picture is decoded already.
    """
    if image.format == "TIFF" or "exif" not in image.info:
        return 1
    return int(image.getexif().get(_ORIENTATION_TAG, 1))


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return ``(width, height)`` in pixels of an opened picture, turned upright."""
    width, height = image.size
    return (height, width) if orientation(image) > 4 else (width, height)


def read_image_size(path: Path) -> tuple[int, int]:
    """Return ``(width, height)`` in pixels of a whole image file, turned upright.

    Raises:
        ValueError: If the file is no image, or is damaged or cut short.
    """
    try:
        with Image.open(path) as image:
            size = upright_size(image)
            image.verify()
    except Exception as error:  # Pillow has no common class for what damaged files raise
        raise ValueError(f"not a whole image ({error})") from error
    return size


def read_decoded_size(path: Path) -> tuple[int, int]:
    """Return what :func:`read_image_size` returns, once every pixel could be decoded.

    mmcv reads with OpenCV, which knows some kinds of TIFF that Pillow does not.

    Raises:
        ValueError: If the file is no image, or is damaged or cut short.
    """
    try:
        read_image_size(path)  # also the checksums, which decoding passes over
        with Image.open(path) as image:
            image.load()
            return upright_size(image)
    except Exception as error:  # Pillow's plugins raise what they like on damaged bytes
        unknown = "cannot identify" in str(error)
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if unknown else None
        if pixels is None:
            raise ValueError(str(error)) from error
        return pixels.shape[1], pixels.shape[0]


def read_bgr(path: Path) -> ndarray | None:
    """Return the pixels (H, W, 3), BGR, uint8, of a picture; None if there is none to read."""
    return cv2.imread(str(path)) if path.is_file() else None
