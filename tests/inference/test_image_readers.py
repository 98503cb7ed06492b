import numpy as np
import pytest
from PIL import Image

from adla.datasets.image_reading import read_bgr
from adla.inference import image_readers, raster_reader
from adla.inference.image_readers import Picture, RowBuffer, open_source
from adla.inference.raster_reader import Raster, UnreadableImage


def read_all(path, **options):
    source = open_source(path, **options)
    pixels, valid = source.read_rows(0, source.height)
    assert pixels.shape == (source.height, source.width, 3) and pixels.dtype == np.uint8
    assert valid.shape == pixels.shape[:2]
    source.close()
    return pixels, valid


def as_bgr(values):
    return np.moveaxis(values[::-1], 0, -1)


@pytest.mark.parametrize("name", ["scene.tif", "scene.png"])
def test_colors_come_as_bgr(write_raster, noise, name):
    pixels, valid = read_all(write_raster(noise, name))
    assert np.array_equal(pixels, as_bgr(noise)) and valid.all()


def test_a_picture_is_read_as_testing_reads_it(tmp_path, noise):
    from mmcv import imread

    path = tmp_path / "photo.jpg"
    Image.fromarray(np.moveaxis(noise, 0, -1)).save(path, quality=80)
    assert isinstance(open_source(path), Picture)
    assert np.array_equal(read_all(path)[0], imread(str(path)))


def test_gray_becomes_three_equal_channels(write_raster, noise):
    for name in ("gray.tif", "gray.png"):
        pixels, _ = read_all(write_raster(noise[:1], name))
        assert np.array_equal(pixels, np.repeat(noise[0][..., None], 3, axis=2))


def test_windows_of_a_large_png_equal_the_whole(write_raster, noise, monkeypatch):
    path = write_raster(noise, "scene.png")
    monkeypatch.setattr(image_readers, "WHOLE_PIXELS", 0)
    monkeypatch.setattr(raster_reader, "CHUNK_BYTES", 90 * 3 * 7)
    source = open_source(path)
    assert isinstance(source, Raster)
    rows = RowBuffer(source)
    for top, bottom in ((0, 30), (20, 50), (20, 40), (40, 70), (5, 25)):
        assert np.array_equal(rows.read(top, bottom)[0], as_bgr(noise)[top:bottom])


def test_rows_are_read_once_from_top_to_bottom(write_raster, noise, monkeypatch):
    source, asked = Raster(write_raster(noise), None, None), []
    read = source.read_rows
    monkeypatch.setattr(source, "read_rows", lambda *rows: asked.append(rows) or read(*rows))
    rows = RowBuffer(source)
    for top in (0, 20, 40):
        rows.read(top, top + 30)
    assert asked == [(0, 30), (30, 50), (50, 70)]


def test_more_than_8_bits_need_a_range_and_get_a_proposal(write_raster):
    values = np.linspace(200, 1200, 70 * 90).reshape(1, 70, 90).astype(np.uint16)
    path = write_raster(values)
    with pytest.raises(
        ValueError, match=r"scene\.tif holds uint16 .*--value-range LOW HIGH .*: 204 1195"
    ):
        open_source(path)
    pixels, _ = read_all(path, value_range=(200, 710))
    expected = np.rint((values[0].astype(float) - 200) / 2).clip(0, 255)
    assert np.abs(pixels[..., 0] - expected).max() <= 1
    assert pixels.max() == 255


def test_a_16_bit_png_needs_a_range_too(write_raster):
    values = np.full((1, 70, 90), 3000, np.uint16)
    path = write_raster(values, "deep.png")
    with pytest.raises(UnreadableImage, match="holds uint16"):
        open_source(path)
    assert (read_all(path, value_range=(0, 6000))[0] == 128).all()


def test_transparent_pixels_hold_no_data(write_raster, noise):
    alpha = np.full((1, 70, 90), 255, np.uint8)
    alpha[0, :, :10] = 0
    for name in ("alpha.tif", "alpha.png"):
        path = write_raster(np.concatenate([noise, alpha]), name, photometric="rgb", alpha="yes")
        pixels, valid = read_all(path)
        assert not valid[:, :10].any() and valid[:, 10:].all()
        assert np.array_equal(pixels, read_bgr(path))
        assert np.array_equal(pixels[:, 10:], as_bgr(noise)[:, 10:])


def test_nodata_masks_and_nan_hold_no_data(write_raster, noise):
    noise = noise.clip(1, 255)
    noise[:, :9] = 0
    mask = np.where(noise[0] > 0, 255, 0).astype(np.uint8)
    floats = np.where(noise > 0, noise, np.nan).astype(np.float32)
    for path, options in (
        (write_raster(noise, "nodata.tif", nodata=0), {}),
        (write_raster(noise, "mask.tif", mask=mask), {}),
        (write_raster(floats, "nan.tif"), {"value_range": (0, 255)}),
    ):
        pixels, valid = read_all(path, **options)
        assert not valid[:9].any() and valid[9:].all() and not pixels[:9].any()
        assert np.array_equal(pixels[9:], as_bgr(noise)[9:])


def test_a_palette_is_looked_up(write_raster, noise):
    index = (noise[:1] % 3).astype(np.uint8)
    colors = {0: (10, 20, 30, 255), 1: (200, 100, 0, 255), 2: (1, 2, 3, 255)}
    table = np.array([color[2::-1] for color in colors.values()], np.uint8)
    pixels, _ = read_all(write_raster(index, colormap=colors, photometric="palette"))
    assert np.array_equal(pixels, table[index[0]])
    gray = write_raster(index, "gray.tif", colormap=colors)
    with pytest.raises(UnreadableImage, match="has a color table and is marked as gray: --bands 1"):
        open_source(gray)
    assert np.array_equal(read_all(gray, bands=(1,))[0], read_bgr(gray))


def test_bands_are_chosen_or_asked_for(write_raster, noise):
    path = write_raster(np.concatenate([noise, noise[:2]]))
    with pytest.raises(UnreadableImage, match=r"has 5 bands: say which .* --bands"):
        open_source(path)
    pixels, _ = read_all(path, bands=(3, 2, 1))
    assert np.array_equal(pixels, np.moveaxis(noise, 0, -1))
    assert np.array_equal(read_all(path, bands=(2,))[0][..., 1], noise[1])
    for wrong in ((1, 2), (1, 2, 6)):
        with pytest.raises(UnreadableImage, match="has the bands 1 to 5"):
            open_source(path, bands=wrong)


def test_a_turned_picture_is_turned_upright(tmp_path, noise, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = Image.fromarray(np.moveaxis(noise, 0, -1))
    path = tmp_path / "turned.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    pixels, _ = read_all(path)
    assert np.array_equal(pixels, as_bgr(noise))
    photo = tmp_path / "turned.jpg"
    upright.save(photo, exif=exif)
    monkeypatch.setattr(image_readers, "WHOLE_PIXELS", 0)
    with pytest.raises(UnreadableImage, match="stored turned"):
        open_source(photo)


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.tif"])
def test_a_file_cut_short_is_named(tmp_path, noise, name):
    path = tmp_path / name
    Image.fromarray(np.moveaxis(noise, 0, -1)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableImage, match=name):
        read_all(path)


def test_what_is_no_image_is_named(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("not an image")
    with pytest.raises(UnreadableImage, match=r"text\.png is not a readable image"):
        open_source(path)
    with pytest.raises(UnreadableImage, match=r"no such image: .*none\.png"):
        open_source(tmp_path / "none.png")
