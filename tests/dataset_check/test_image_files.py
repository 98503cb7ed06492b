from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image

from adla.dataset_check.image_files import read_files
from adla.datasets.value_range import read_in_range


def test_sizes_and_progress(tmp_path):
    paths = [tmp_path / f"{i}.jpg" for i in range(5)]
    for i, path in enumerate(paths[:4]):
        Image.new("L", (10 + i, 7)).save(path)
    ticks = []
    files = read_files(paths, jobs=3, on_file=lambda: ticks.append(1))
    assert files.sizes == {path: (10 + i, 7) for i, path in enumerate(paths[:4])}
    assert files.missing == paths[4:] and len(ticks) == 5


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_turned_photograph_has_the_size_that_training_sees(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (20, 10)).save(tmp_path / "a.jpg", exif=exif)
    seen = cv2.imread(str(tmp_path / "a.jpg")).shape[1::-1]
    assert read_files([tmp_path / "a.jpg"]).sizes == {tmp_path / "a.jpg": seen}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png(tmp_path, mode):
    Image.new(mode, (9, 8)).save(tmp_path / "a.png")
    assert read_files([tmp_path / "a.png"]).sizes == {tmp_path / "a.png": (9, 8)}


def test_what_opencv_alone_can_read(tmp_path):
    # Three channels of 64 bits: Pillow knows no such image.
    path = tmp_path / "a.tiff"
    cv2.imwritemulti(str(path), [np.zeros((6, 11, 3), np.float64)])
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(path)
    load = partial(read_in_range, value_range=(0, 1))
    assert read_files([path], load=load).sizes == {path: (11, 6)}
    files = read_files([path])
    assert files.unloadable == {path: "TIFF with 3 bands of float64"}


def test_a_name_that_no_file_can_have_is_no_crash(tmp_path):
    path = tmp_path / ("x" * 5000)
    files = read_files([path, tmp_path / "a\0b"])
    assert len(files.missing) + len(files.unreadable) == 2 and not files.sizes


def test_jobs_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="jobs must be at least 1, but got 0"):
        read_files([], jobs=0)
