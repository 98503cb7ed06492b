"""A small detector with random weights, and scenes to try it on."""

import numpy as np
import pytest
import rasterio

from .random_detector import write_detector


@pytest.fixture(scope="session")
def detector_files(tmp_path_factory):
    """A config whose model finds a few boxes in anything, and a checkpoint of it."""
    return write_detector(tmp_path_factory.mktemp("detector"))


@pytest.fixture
def write_raster(tmp_path):
    """Write an array (bands, H, W) as a raster; keyword arguments are rasterio's."""

    def write(values, name="scene.tif", colormap=None, mask=None, **options):
        path = tmp_path / name
        count, height, width = values.shape
        driver = "PNG" if name.endswith("png") else "GTiff"
        with rasterio.open(
            path, "w", driver=driver, count=count, height=height, width=width,
            dtype=values.dtype, **options,
        ) as file:  # fmt: skip
            file.write(values)
            if colormap:
                file.write_colormap(1, colormap)
            if mask is not None:
                file.write_mask(mask)
        return path

    return write


@pytest.fixture
def noise():
    """Random 8-bit values of shape (3, 70, 90)."""
    return np.random.default_rng(0).integers(0, 256, (3, 70, 90), dtype=np.uint8)
