"""Prediction sees the pixels of training, or says why it cannot."""

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from PIL import Image

from adla.datasets.image_loader import image_loader
from adla.datasets.image_reading import stored_turn
from adla.datasets.transforms import LoadImageInRange
from adla.datasets.value_range import to_bytes
from adla.inference import image_readers
from adla.inference.image_readers import open_source
from adla.inference.raster_reader import UnreadableImage
from tests.datasets.image_kinds import (
    EIGHT_BITS,
    HEIGHT,
    PICTURES,
    RGB,
    TIFFS,
    WIDTH,
    write_picture,
    write_tiff,
)

#: TIFFs of which a training opens no pixel: prediction reads them by GDAL.
BEYOND_TRAINING = {
    "zstd", "lzma", "lerc", "tiled", "tiled_gray", "white_zstd", "nbits2", "nbits4"
}  # fmt: skip


def trained(path, load=None):
    """What training sees."""
    return (load or LoadImageFromFile()).transform({"img_path": str(path)})["img"]


def predicted(path, **options):
    source = open_source(path, **options)
    try:
        return source.read_rows(0, source.height)[0]
    finally:
        source.close()


@pytest.fixture(params=["whole", "windows"])
def way(request, monkeypatch):
    """Decode as a whole or read in windows."""
    if request.param == "windows":
        monkeypatch.setattr(image_readers, "WHOLE_PIXELS", 0)
    return request.param


@pytest.mark.parametrize("name", EIGHT_BITS)
def test_a_tiff_looks_as_in_training(tmp_path, name, way):
    path = write_tiff(tmp_path, name)
    pixels = predicted(path)
    if name not in BEYOND_TRAINING:
        assert np.array_equal(pixels, trained(path))
        return
    with pytest.raises(AssertionError, match="failed to load image"):
        trained(path)
    gray = {"white_zstd": 255 - RGB[0], "nbits2": (RGB[0] >> 6) * 85, "nbits4": (RGB[0] >> 4) * 17}
    plain = RGB[::-1] if TIFFS[name][1].get("photometric") == "rgb" else gray.get(name, RGB[0])
    expected = np.moveaxis(np.broadcast_to(plain, RGB.shape), 0, -1)
    assert np.array_equal(pixels, expected)


@pytest.mark.parametrize("name", [name for name in PICTURES if "16" not in name])
def test_a_picture_looks_as_in_training(tmp_path, name, way):
    path = write_picture(tmp_path, name)
    difference = np.abs(predicted(path).astype(int) - trained(path)).max()
    # Two decoders of JPEG round differently: a color is on two by two pixels of this noise.
    assert difference == 0 or (way == "windows" and name == "rgb.jpg")


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "late.png"])
def test_a_turned_image_is_turned_as_in_training(tmp_path, suffix, turn, monkeypatch):
    path, image = tmp_path / f"a.{suffix}", Image.fromarray(np.moveaxis(RGB, 0, -1))
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"tiffinfo": {274: turn}} if suffix == "tif" else {"exif": exif}
    image.save(path, **options)
    if suffix == "late.png":  # the EXIF chunk behind the pixels
        content = path.read_bytes()
        start = content.index(b"eXIf") - 4
        end = start + 12 + int.from_bytes(content[start : start + 4], "big")
        path.write_bytes(content[:start] + content[end:-12] + content[start:end] + content[-12:])
    assert np.array_equal(predicted(path), trained(path))
    monkeypatch.setattr(image_readers, "WHOLE_PIXELS", 0)
    if turn > 1 and not is_webp_left_as_it_is(path):
        with pytest.raises(UnreadableImage, match=f"stored turned .orientation {turn}."):
            open_source(path)


def is_webp_left_as_it_is(path):
    """Some releases of OpenCV do not look at the EXIF block of a WebP."""
    return path.suffix == ".webp" and stored_turn(path) == 1


@pytest.mark.parametrize("name", ["unmarked2", "unmarked3", "unmarked4", "five"])
def test_bands_that_are_no_colors_are_asked_for(tmp_path, name, way):
    path = write_tiff(tmp_path, name)
    with pytest.raises(UnreadableImage, match=r"bands: say which .*--bands 1 2 3"):
        open_source(path)
    assert np.array_equal(predicted(path, bands=(1,))[..., 0], RGB[0])
    if name != "five":
        assert np.array_equal(predicted(path, bands=(1,)), trained(path))


IN_RANGE = [
    "gray16", "rgb16", "tiled16", "white16", "white", "nbits10", "nbits12", "nbits14", "int16",
    "int32", "float32", "float32_rgb", "float64", "gray", "rgb", "palette.tif", "gray16.png",
    "rgb16.png", "gray16.jp2", "gray.png", "rgb.png", "rgb.bmp", "palette.png",
]  # fmt: skip


@pytest.mark.parametrize("name", IN_RANGE)
def test_a_range_shows_the_same_in_training_and_prediction(tmp_path, name, way):
    path = write_picture(tmp_path, name) if "." in name else write_tiff(tmp_path, name)
    value_range = (-900.5, 30000.25) if "16" in name or "32" in name or "64" in name else (20, 180)
    load = LoadImageInRange(value_range)
    seen = trained(path, load)
    assert seen.shape == (HEIGHT, WIDTH, 3) and seen.dtype == np.uint8 and seen.std() > 5
    assert np.array_equal(predicted(path, value_range=value_range), seen)
    floats = trained(path, LoadImageInRange(value_range, to_float32=True))
    assert floats.dtype == np.float32 and np.array_equal(floats, seen)


@pytest.mark.parametrize("name", ["zstd16", "unmarked16", "uint32"])
def test_what_training_cannot_load_prediction_reads_by_gdal(tmp_path, name, way):
    path = write_tiff(tmp_path, name)
    with pytest.raises(ValueError, match=f"{name}.tif: .*TIFF with"):
        trained(path, LoadImageInRange((0, 65535)))
    bands = TIFFS[name][0][::-1]
    expected = np.moveaxis(np.broadcast_to(to_bytes(bands, (0, 65535)), RGB.shape), 0, -1)
    assert np.array_equal(predicted(path, value_range=(0, 65535)), expected)


def test_the_range_that_equals_the_upper_8_bits_is_named(tmp_path):
    for name, low, high in (
        ("gray16", 127.5, 65407.5),
        ("unmarked16", 127.5, 65407.5),
        ("gray16.png", 127.5, 65407.5),
        ("rgb16.png", 127.5, 65407.5),
        ("rgb16", 0, 65535),
    ):
        path = write_picture(tmp_path, name) if "." in name else write_tiff(tmp_path, name)
        with pytest.raises(UnreadableImage, match=f"has seen such files with {low:g} {high:g}"):
            open_source(path)
        bands = (1,) if name == "unmarked16" else None  # a training sees its first band
        assert np.array_equal(predicted(path, value_range=(low, high), bands=bands), trained(path))
    every = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(to_bytes(every, (127.5, 65407.5)), every >> 8)


def test_the_loading_step_of_the_config_decides(tmp_path):
    path = write_picture(tmp_path, "palette.png")
    step = dict(type="LoadImageFromFile", imdecode_backend="pillow", to_float32=True)
    Image.new("LA", (WIDTH, HEIGHT), (9, 0)).save(path)  # Pillow's backend shows a canvas
    pixels = predicted(path, load=image_loader([step]))
    assert (pixels == (104, 117, 124)).all() and pixels.dtype == np.uint8
    step = dict(type="LoadImageFromFile", color_type="unchanged")
    with pytest.raises(UnreadableImage, match=r"loading step of the config gives uint8 of shape"):
        predicted_row(path, image_loader([step]))


def predicted_row(path, load):
    source = open_source(path, load=load)
    return image_readers.RowBuffer(source).read(0, 1)
