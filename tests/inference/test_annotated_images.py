import numpy as np
import pytest
from PIL import Image

from adla.evaluation.box_arrays import Detections
from adla.inference import annotated_images
from adla.inference.annotated_images import picture_names, read_shrunk, save_annotated
from adla.inference.image_readers import open_source

ONE = Detections.from_corners(np.array([[20.0, 20, 26, 26]]), np.array([0.5]), np.array([0]))


def test_each_image_has_a_picture_of_its_own():
    names = ["a.png", "a.jpg", "deep/a.jpg", "b.tif", "/other/c.png", "../../d.png"]
    assert picture_names(names) == {
        "a.png": "a.png.png",
        "a.jpg": "a.jpg.png",
        "deep/a.jpg": "deep/a.png",
        "b.tif": "b.png",
        "/other/c.png": "other/c.png",
        "../../d.png": "d.png",
    }
    clash = picture_names(["a.x", "a.x.png", "a.y", "../a.x"])
    assert len(set(clash.values())) == 4


@pytest.mark.parametrize("size", [(300, 200), (301, 199), (7, 3)])
def test_a_shrunk_scene_is_the_mean_of_its_pixels(tmp_path, monkeypatch, size):
    monkeypatch.setattr(annotated_images, "_STRIPE", 5000)  # several stripes
    width, height = size
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    small = read_shrunk(open_source(tmp_path / "a.png"), 4)
    assert small.shape == (-(-height // 4), -(-width // 4), 3)
    for row, column in ((0, 0), (small.shape[0] - 1, small.shape[1] - 1)):
        block = values[4 * row : 4 * row + 4, 4 * column : 4 * column + 4, ::-1]
        assert np.abs(small[row, column] - block.mean(axis=(0, 1))).max() < 1


def test_large_scenes_get_an_overview_and_others_are_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(annotated_images, "WHOLE_SIDE", 200)
    monkeypatch.setattr(annotated_images, "OVERVIEW_SIDE", 100)
    for side in (200, 201):
        Image.new("RGB", (side, 120)).save(tmp_path / f"{side}.png")
        save_annotated(tmp_path / f"x/{side}.png", open_source(tmp_path / f"{side}.png"), ONE, "s")
    assert Image.open(tmp_path / "x/200.png").width == 800
    assert Image.open(tmp_path / "x/201.png").width == 67
    assert sorted(file.name for file in (tmp_path / "x").iterdir()) == ["200.png", "201.png"]
