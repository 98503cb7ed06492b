"""The check loads images as the training does, and says what is lost on the way."""

import resource
import tracemalloc
import zlib
from contextlib import closing

import cv2
import numpy as np
import pytest
import rasterio
from mmcv.transforms import LoadImageFromFile
from PIL import Image

from adla.dataset_check.image_files import read_files
from adla.datasets.converters.images import mask_extents
from adla.datasets.image_reading import read_image_size
from adla.inference.image_readers import RowBuffer, open_source
from adla.inference.raster_reader import UnreadableImage
from tests.datasets.image_kinds import HEIGHT, WIDTH, write_picture, write_tiff

from .toy import inspect_toy, toy_coco, write_toy

RANGE = [dict(type="LoadImageInRange", value_range=(7900, 8600))]


def camera_frame() -> np.ndarray:
    """A frame of a 14-bit camera: 600 gray levels in a row."""
    return np.random.default_rng(0).integers(7950, 8550, (HEIGHT, WIDTH)).astype(np.uint16)


def problems_with(root, path, **options) -> dict[str, list[str]]:
    """Check the toy data set with one of its images replaced."""
    coco = toy_coco()
    coco["images"][1].update(file_name=path.name, width=WIDTH, height=HEIGHT)
    coco["annotations"][2].update(bbox=[30, 30, 4, 8], area=32)
    write_toy(root, coco)
    path.rename(root / "images" / path.name)
    return {problem.kind: problem.items for problem in inspect_toy(root, **options).problems}


def test_a_camera_frame_of_which_three_gray_levels_are_left_is_an_error(tmp_path):
    cv2.imwrite(str(tmp_path / "frame.png"), camera_frame())
    found = problems_with(tmp_path, tmp_path / "frame.png")
    (line,) = found.pop("lost-gray-levels")
    assert "frame.png: 3 of " in line and "uint16, 7950 to 8549" in line
    assert 'dict(type="LoadImageInRange", value_range=(7950, 8549))' in line
    assert found == {}


def test_a_range_in_the_config_ends_it(tmp_path):
    cv2.imwrite(str(tmp_path / "frame.png"), camera_frame())
    assert problems_with(tmp_path, tmp_path / "frame.png", pipeline=RANGE) == {}


def test_a_range_that_misses_the_values_is_an_error(tmp_path):
    cv2.imwrite(str(tmp_path / "frame.png"), camera_frame())
    pipeline = [dict(type="LoadImageInRange", value_range=(0, 500))]
    found = problems_with(tmp_path, tmp_path / "frame.png", pipeline=pipeline)
    assert list(found) == ["lost-gray-levels"] and ": 1 of " in found["lost-gray-levels"][0]


@pytest.mark.parametrize("name", ["gray16.png", "rgb16.png", "gray16.jp2"])
def test_sixteen_bits_that_are_used_are_a_warning(tmp_path, name):
    found = problems_with(tmp_path, write_picture(tmp_path, name))
    assert list(found) == ["more-than-8-bits"] and "256 of " in found["more-than-8-bits"][0]


@pytest.mark.parametrize("name", ["int16", "white16"])
def test_tiffs_of_16_bits_are_looked_at(tmp_path, name):
    found = problems_with(tmp_path, write_tiff(tmp_path, name))
    assert set(found) <= {"lost-gray-levels", "more-than-8-bits"} and len(found) == 1


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("float32", "1 band of float32; dict(type=\"LoadImageInRange\", value_range=("),
        ("float32_rgb", "3 bands of float32; dict(type=\"LoadImageInRange\""),
        ("float64", "1 band of float64; dict(type=\"LoadImageInRange\""),
        ("int32", "1 band of int32; dict(type=\"LoadImageInRange\""),
        ("nbits12", "1 band of uint12; dict(type=\"LoadImageInRange\""),
        ("tiled16", "1 band of uint16; dict(type=\"LoadImageInRange\""),
        ("zstd", "3 bands of uint8, compression ZSTD; write it as PNG"),
        ("lzma", "3 bands of uint8, compression LZMA; write it as PNG"),
        ("lerc", "3 bands of uint8, compression LERC; write it as PNG"),
        ("tiled", "3 bands of uint8; write it as PNG"),
        ("uint32", "1 band of uint32; write it as PNG"),
        ("complex64", "1 band of complex64; write it with real numbers"),
        ("complex_int16", "1 band of complex_int32; write it with real numbers"),
        ("five", "5 bands of uint8; write it as PNG, or as TIFF with DEFLATE, of 1 or 3 bands"),
        ("nbits4", "1 band of uint4; write it as PNG"),
    ],
)  # fmt: skip
def test_a_sound_file_that_stops_the_training_is_an_error(tmp_path, name, what):
    found = problems_with(tmp_path, write_tiff(tmp_path, name))
    assert list(found) == ["unloadable-image"]
    assert f"{name}.tif: a TIFF with {what}" in found["unloadable-image"][0]


@pytest.mark.parametrize("name", ["float32", "float32_rgb", "float64", "int32", "nbits12"])
def test_a_range_loads_it(tmp_path, name):
    pipeline = [dict(type="LoadImageInRange", value_range=(0, 65535))]
    assert problems_with(tmp_path, write_tiff(tmp_path, name), pipeline=pipeline) == {}


@pytest.mark.parametrize("name", ["unmarked2", "unmarked3", "unmarked4"])
def test_bands_that_the_training_does_not_show_are_a_warning(tmp_path, name):
    found = problems_with(tmp_path, write_tiff(tmp_path, name))
    assert list(found) == ["hidden-bands"] and f"{name}.tif: TIFF with" in found["hidden-bands"][0]


def test_a_file_cut_short_stays_unreadable(tmp_path):
    path = write_tiff(tmp_path, "rgb")
    path.write_bytes(path.read_bytes()[:3000])
    assert list(problems_with(tmp_path, path)) == ["unreadable-image"]


@pytest.mark.slow
def test_a_huge_picture_is_sound(tmp_path):
    path = tmp_path / "huge.png"
    Image.new("1", (14_000, 13_000)).save(path)
    before = Image.MAX_IMAGE_PIXELS
    files = read_files([path])
    assert files.sizes == {path: (14_000, 13_000)} and not files.unreadable
    assert read_image_size(path) == (14_000, 13_000) and Image.MAX_IMAGE_PIXELS == before


@pytest.mark.parametrize("place", [b"IHDR", b"IDAT"])
def test_a_png_that_says_it_is_huge_takes_no_memory(tmp_path, place):
    """In the header with its checksum mended, and as the length of a chunk."""
    content = bytearray(write_picture(tmp_path, "rgb.png").read_bytes())
    at = content.index(place)
    if place == b"IHDR":
        content[at + 4 : at + 12] = (30_000).to_bytes(4, "big") * 2
        content[at + 17 : at + 21] = zlib.crc32(content[at : at + 17]).to_bytes(4, "big")
    else:
        content[at - 4 : at] = b"\x7f\0\0\0"
    path = tmp_path / "huge.png"
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    files = read_files([path])
    assert list(files.unreadable) == [path]
    if place == b"IHDR":
        assert files.unreadable[path] == "too few data for 30000 x 30000 pixels"
    with pytest.raises(UnreadableImage, match=r"huge\.png"), closing(open_source(path)) as source:
        RowBuffer(source).read(0, 16)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes


def test_a_tiff_that_unpacks_to_more_than_opencv_opens_is_named_and_not_unpacked(tmp_path):
    path, side = tmp_path / "bomb.tif", 60_000
    options = dict(count=3, dtype="uint8", compress="deflate", sparse_ok=True, tiled=True)
    with rasterio.open(path, "w", driver="GTiff", width=side, height=side, **options):
        pass
    tracemalloc.start()
    files = read_files([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "3600000000 pixels" in files.unreadable[path] and peak < 100e6


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "late.png"])
def test_converters_take_the_size_as_loaded(tmp_path, suffix, turn):
    path, exif = tmp_path / f"a.{suffix}", Image.Exif()
    exif[0x0112] = turn
    options = {"tiffinfo": {274: turn}} if suffix == "tif" else {"exif": exif}
    Image.new("RGB", (20, 10)).save(path, **options)
    if suffix == "late.png":  # the EXIF chunk behind the pixels
        content = path.read_bytes()
        start = content.index(b"eXIf") - 4
        end = start + 12 + int.from_bytes(content[start : start + 4], "big")
        path.write_bytes(content[:start] + content[end:-12] + content[start:end] + content[-12:])
    loaded = LoadImageFromFile().transform({"img_path": str(path)})
    assert read_image_size(path) == loaded["img_shape"][::-1]


def test_a_mask_is_measured_as_its_image_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    mask = np.zeros((10, 20), np.uint16)
    mask[2:4, 5:9] = 3  # 16 bits: the upper 8 are 0
    Image.fromarray(mask).save(tmp_path / "mask.png", exif=exif)
    assert mask_extents(tmp_path / "mask.png") == [(6.0, 5.0, 2.0, 4.0)]
