"""One small image file of each kind that a data set or a scene may come in."""

import warnings
from pathlib import Path

import cv2
import numpy as np
import rasterio
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning

HEIGHT, WIDTH = 40, 50
_RNG = np.random.default_rng(0)
DEEP = _RNG.integers(0, 65536, (3, HEIGHT, WIDTH)).astype(np.uint16)
RGB = (DEEP >> 8).astype(np.uint8)
GRAY, DEEP_GRAY, ALPHA = RGB[:1], DEEP[:1], RGB[1:2]
_TILES = dict(tiled=True, blockxsize=16, blockysize=16)

#: Name -> bands (N, H, W) and rasterio's options.
TIFFS = {
    "gray": (GRAY, {}),
    "rgb": (RGB, dict(photometric="rgb")),
    "rgb_planes": (RGB, dict(photometric="rgb", interleave="band")),
    "deflate": (RGB, dict(photometric="rgb", compress="deflate")),
    "lzw": (RGB, dict(photometric="rgb", compress="lzw", predictor=2)),
    "zstd": (RGB, dict(photometric="rgb", compress="zstd")),
    "lzma": (RGB, dict(photometric="rgb", compress="lzma")),
    "lerc": (RGB, dict(photometric="rgb", compress="lerc")),
    "tiled": (RGB, dict(photometric="rgb", **_TILES)),
    "tiled_gray": (GRAY, _TILES),
    "white": (GRAY, dict(photometric="miniswhite")),
    "white_zstd": (GRAY, dict(photometric="miniswhite", compress="zstd")),
    "nbits1": (GRAY >> 7, dict(nbits=1)),
    "nbits1_white": (GRAY >> 7, dict(nbits=1, photometric="miniswhite")),
    "nbits2": (GRAY >> 6, dict(nbits=2)),
    "nbits4": (GRAY >> 4, dict(nbits=4)),
    "rgba": (np.concatenate([RGB, ALPHA]), dict(photometric="rgb", alpha="yes")),
    "gray_alpha": (np.concatenate([GRAY, ALPHA]), dict(photometric="minisblack", alpha="yes")),
    "cmyk": (np.concatenate([RGB, ALPHA]), dict(photometric="cmyk")),
    "unmarked2": (RGB[:2], dict(photometric="minisblack")),
    "unmarked3": (RGB, dict(photometric="minisblack")),
    "unmarked4": (np.concatenate([RGB, ALPHA]), dict(photometric="minisblack")),
    "five": (np.concatenate([RGB, RGB[:2]]), {}),
    "gray16": (DEEP_GRAY, {}),
    "rgb16": (DEEP, dict(photometric="rgb")),
    "unmarked16": (DEEP, dict(photometric="minisblack")),
    "zstd16": (DEEP_GRAY, dict(compress="zstd")),
    "tiled16": (DEEP_GRAY, _TILES),
    "white16": (DEEP_GRAY, dict(photometric="miniswhite")),
    "nbits10": (DEEP_GRAY >> 6, dict(nbits=10)),
    "nbits12": (DEEP_GRAY >> 4, dict(nbits=12)),
    "nbits14": (DEEP_GRAY >> 2, dict(nbits=14)),
    "int16": ((DEEP_GRAY.astype(int) - 32768).astype(np.int16), {}),
    "int32": (DEEP_GRAY.astype(np.int32), {}),
    "uint32": (DEEP_GRAY.astype(np.uint32), {}),
    "float32": (DEEP_GRAY.astype(np.float32), {}),
    "float32_rgb": (DEEP.astype(np.float32), dict(photometric="rgb")),
    "float64": (DEEP_GRAY.astype(np.float64), {}),
    "complex64": (DEEP_GRAY.astype(np.complex64), {}),
    "complex_int16": (DEEP_GRAY.astype(np.complex64) / 4, dict(dtype="complex_int16")),
}
#: Those of 8 bits whose bands are clear.
EIGHT_BITS = [
    name for name, (bands, _) in TIFFS.items()
    if bands.dtype == np.uint8 and not name.startswith(("unmarked", "five"))
]  # fmt: skip
PICTURES = (
    "gray.png", "rgb.png", "rgba.png", "gray16.png", "rgb16.png", "rgb.jpg", "gray.jpg", "rgb.webp",
    "rgb.bmp", "rgb.jp2", "gray16.jp2", "one.png", "palette.png", "transparent.png", "la.png",
    "palette.tif",
)  # fmt: skip


def write_tiff(folder: Path, name: str) -> Path:
    """Write one of `TIFFS`."""
    bands, options = TIFFS[name]
    path = folder / f"{name}.tif"
    options = dict(dtype=bands.dtype) | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", count=len(bands), height=HEIGHT, width=WIDTH, **options
        ) as file:
            file.write(bands)
    return path


def write_picture(folder: Path, name: str) -> Path:
    """Write one of `PICTURES`."""
    path, stem = folder / name, name.partition(".")[0]
    color = np.moveaxis(RGB, 0, -1)
    arrays = {
        "gray": GRAY[0], "gray16": DEEP_GRAY[0], "rgb": color[..., ::-1],
        "rgb16": np.moveaxis(DEEP[::-1], 0, -1),
        "rgba": np.concatenate([color[..., ::-1], ALPHA[0][..., None]], axis=2),
    }  # fmt: skip
    if stem in arrays:
        assert cv2.imwrite(str(path), arrays[stem])
    elif stem == "one":
        Image.fromarray(GRAY[0]).convert("1").save(path)
    elif stem == "la":
        Image.fromarray(np.stack([GRAY[0], ALPHA[0]], axis=2), "LA").save(path)
    else:
        options = {"transparency": 3} if stem == "transparent" else {}
        Image.fromarray(color).quantize(16).save(path, **options)
    return path
