"""What an image file says of its pixels before they are decoded: bits, bands, meaning."""

import os
import struct
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from PIL import TiffImagePlugin

#: What a PNG file begins with.
PNG_START = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
#: TIFF tags.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _MEANING, _TURN = 256, 257, 258, 259, 262, 274
_SAMPLES, _EXTRA, _NUMBERS = 277, 338, 339
_NUMBER_KINDS = {1: "uint", 2: "int", 3: "float", 4: "uint", 5: "complex_int", 6: "complex"}
_COMPRESSIONS = {
    1: "none", 5: "LZW", 7: "JPEG", 8: "DEFLATE", 32773: "PackBits", 32946: "DEFLATE",
    34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 50000: "ZSTD", 50001: "WebP",
    52546: "JPEG XL",
}  # fmt: skip
_WHITE_IS_ZERO, _GRAY = 0, (0, 1)
#: What alpha bands are among the extra samples of a TIFF.
_ALPHA = (1, 2)
_STRAIGHT_ALPHA = 2


@dataclass(frozen=True)
class Header:
    """What the header of a PNG or TIFF file says.

    Attributes:
        kind: ``PNG`` or ``TIFF``.
        size: ``(width, height)`` in pixels as stored, not turned.
        dtype: Type of the values, such as ``uint16`` or ``float32``; ``uint12`` has 12 bits.
        bands: Number of bands, those for alpha not counted.
        colors: Whether the bands are the colors of a picture; else each is gray by itself.
        white_is_zero: Whether 0 is white (TIFF's MINISWHITE).
        turn: Orientation, from 1 (upright) to 8, as EXIF and TIFF count.
        compression: Name of the codec of a TIFF.
        straight_alpha: Whether there is alpha that the colors are still to be multiplied by.
    """

    kind: str
    size: tuple[int, int]
    dtype: str
    bands: int = 1
    colors: bool = True
    white_is_zero: bool = False
    turn: int = 1
    compression: str = "none"
    straight_alpha: bool = False

    @property
    def unmarked_bands(self) -> bool:
        """Whether there are several bands and nothing says that they are colors."""
        return self.bands > 1 and not self.colors

    def __str__(self) -> str:
        bands = f"{self.bands} bands" if self.bands > 1 else "1 band"
        codec = f", compression {self.compression}" if self.compression != "none" else ""
        return f"{self.kind} with {bands} of {self.dtype}{codec}"


def read_header(image: str | os.PathLike | bytes) -> Header | None:
    """Read the header of a PNG or TIFF file.

    Args:
        image: The file, or its content.

    Returns:
        None for any other file, also one that is damaged in its first bytes.
    """
    try:
        with BytesIO(image) if isinstance(image, bytes) else Path(image).open("rb") as file:
            start = file.read(16)
            if start.startswith(PNG_START):
                return _read_png(file)
            return _read_tiff(file, start) if start[:4] in _TIFF else None
    except Exception:  # damaged bytes make struct and Pillow raise what they like
        return None


def _read_png(file: IO[bytes]) -> Header:
    """Walk over the chunks; the orientation may stand behind the pixels."""
    width, height, bits, kind = struct.unpack(">IIBB", file.read(10))
    turn, end = 1, file.seek(0, os.SEEK_END)
    position = len(PNG_START)
    while position + 8 <= end:
        file.seek(position)
        length, name = struct.unpack(">I4s", file.read(8))
        if name == b"eXIf":
            turn = _exif_turn(file.read(length))
        position += length + 12
    bands = 3 if kind in (2, 3, 6) else 1
    return Header("PNG", (width, height), f"uint{max(bits, 8)}", bands, turn=turn)


def _exif_turn(exif: bytes) -> int:
    tags = _read_tags(BytesIO(exif), exif[:16])
    return _valid_turn(tags.get(_TURN, 1))


def _read_tags(file: IO[bytes], start: bytes) -> Any:
    """Read the first directory of a TIFF file."""
    big = start[2:4] in (b"+\0", b"\0+")
    tags = TiffImagePlugin.ImageFileDirectory_v2(start[:16] if big else start[:8])
    file.seek(tags.next)
    tags.load(file)
    return tags


def _read_tiff(file: IO[bytes], start: bytes) -> Header:
    tags = _read_tags(file, start)
    samples = tags.get(_SAMPLES, 1)
    alpha = sum(kind in _ALPHA for kind in tags.get(_EXTRA, ()))
    number, codec = tags.get(_NUMBERS, (1,))[0], tags.get(_COMPRESSION, 1)
    meaning = tags.get(_MEANING, 1)
    return Header(
        "TIFF",
        (tags[_WIDTH], tags[_HEIGHT]),
        f"{_NUMBER_KINDS.get(number, 'uint')}{tags.get(_BITS, (1,))[0]}",
        max(1, samples - alpha),
        meaning not in _GRAY,
        meaning == _WHITE_IS_ZERO,
        _valid_turn(tags.get(_TURN, 1)),
        _COMPRESSIONS.get(codec, str(codec)),
        _STRAIGHT_ALPHA in tags.get(_EXTRA, ()),
    )


def _valid_turn(value: Any) -> int:
    return value if value in range(1, 9) else 1
