"""Ground of any size with bright boxes planted where slices meet, written window by window."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy import ndarray
from rasterio.windows import Window

#: Smallest and largest size of a planted box, the root of its area, in pixels.
SIZES = (5.0, 12.0)
#: Edge of the cells of which no two neighbors are given to two units, in pixels.
CELL = 32
#: Height of the windows that are written at a time, also the side of the tiles of the GeoTIFF.
STRIP = 512


@dataclass
class Planted:
    """Boxes in a scene.

    Attributes:
        boxes: Shape (K, 4), xyxy in pixels.
        kinds: Where each one lies, K names.
    """

    boxes: ndarray
    kinds: ndarray


class Planter:
    """Plants units (a box, or two close ones) into free ground.

    Args:
        size: Side of the scene in pixels.
        rng: Source of randomness.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self._size, self._rng = size, rng
        self._taken: set[tuple[int, int]] = set()
        self._boxes: list[ndarray] = []
        self._kinds: list[str] = []

    def plant(self, kind: str, x: float, y: float, pair: bool = False) -> None:
        """Plant a box so that a random point of it, or its edge, comes to lie at (x, y).

        Nothing happens if the ground is taken. A box beyond the scene is moved inside.
        """
        boxes = self._box(x, y)[None]
        if pair:
            gap = self._rng.uniform(3, 5)
            second = self._box(boxes[0, 2] + gap, y)
            second += np.array([boxes[0, 2] + gap - second[0], 0] * 2)
            boxes = np.stack([boxes[0], second])
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        boxes -= np.tile(np.minimum(low, 0) + np.maximum(high - self._size, 0), 2)
        first, last = (
            (edge // CELL).astype(int) for edge in (boxes[:, :2].min(0), boxes[:, 2:].max(0))
        )
        cells = {
            (i, j)
            for i in range(first[0] - 1, last[0] + 2)
            for j in range(first[1] - 1, last[1] + 2)
        }
        if not cells & self._taken:
            self._taken |= cells
            self._boxes += list(boxes)
            self._kinds += [kind] * len(boxes)

    def _box(self, x: float, y: float) -> ndarray:
        stretch = np.exp(self._rng.uniform(-0.2, 0.2))
        sides = self._rng.uniform(*SIZES) * np.array([stretch, 1 / stretch])
        before = self._rng.choice([0, 0.25, 0.5, 0.75, 1], 2) * sides
        return np.concatenate([(x, y) - before, (x, y) - before + sides])

    def result(self) -> Planted:
        """Return what was planted."""
        return Planted(np.array(self._boxes).reshape(-1, 4), np.array(self._kinds))


def plant_scene(size: int, columns: ndarray, rows: ndarray, seed: int) -> Planted:
    """Plant boxes at all crossings of slice borders, along them, and anywhere.

    Args:
        size: Side of the scene in pixels.
        columns: First and last-plus-one column of each column of slices, (C, 2).
        rows: The same of the rows, (R, 2).
        seed: Seed.
    """
    rng = np.random.default_rng(seed)
    planter = Planter(size, rng)
    xs, ys = (np.setdiff1d(spans, [0, size]) for spans in (columns, rows))
    for x in xs:
        for y in ys:
            planter.plant("corner", x, y)
    for _ in range(size // 500):
        for x, y in zip(rng.permutation(xs), rng.uniform(0, size, len(xs)), strict=True):
            planter.plant("seam", x, y)
        for x, y in zip(rng.uniform(0, size, len(ys)), rng.permutation(ys), strict=True):
            planter.plant("seam", x, y)
    for x, y in zip(rng.choice(xs, 4 * len(xs)), rng.uniform(0, size, 4 * len(xs)), strict=True):
        planter.plant("pair at a seam", x, y, pair=True)
    for _ in range(size // 20):
        planter.plant("edge of the scene", rng.choice([0, size]), rng.uniform(0, size))
        planter.plant("anywhere", *rng.uniform(0, size, 2))
        planter.plant("anywhere", *rng.uniform(0, size, 2))
    return planter.result()


def paint(planted: Planted, width: int, top: int, bottom: int, seed: int) -> ndarray:
    """Paint the rows from `top` up to `bottom`: hills, sensor noise and the boxes, antialiased.

    Returns:
        Gray values of shape (bottom - top, width), uint8; they depend on the arguments alone.
    """
    ground = np.full((bottom - top, width), 95, np.float32)
    for octave, cell in enumerate((1024, 128)):
        grid = np.random.default_rng([seed, octave]).standard_normal((400, 400), dtype=np.float32)
        xs, ys = np.meshgrid(np.arange(width) / cell + 1, np.arange(top, bottom) / cell + 1)
        xs, ys = xs.astype(np.float32), ys.astype(np.float32)
        hills = cv2.remap(grid, xs, ys, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
        ground += (18, 8)[octave] * hills
    noise = np.random.default_rng([seed, 2, top])
    ground += 3 * noise.standard_normal(ground.shape, dtype=np.float32)
    reach = (planted.boxes[:, 3] > top) & (planted.boxes[:, 1] < bottom)
    for x0, y0, x1, y1 in planted.boxes[reach]:
        columns = np.arange(max(int(x0), 0), min(int(np.ceil(x1)), width))
        lines = np.arange(max(int(y0), top), min(int(np.ceil(y1)), bottom))
        across = np.minimum(columns + 1, x1) - np.maximum(columns, x0)
        along = np.minimum(lines + 1, y1) - np.maximum(lines, y0)
        window = np.ix_(lines - top, columns)
        ground[window] += np.outer(along, across) * (225 - ground[window])
    return np.clip(ground, 0, 255).astype(np.uint8)


def write_geotiff(path: Path, planted: Planted, size: int, seed: int) -> None:
    """Write a scene as a tiled GeoTIFF in UTM zone 32N with pixels of half a meter."""
    options = {
        "driver": "GTiff", "width": size, "height": size, "count": 3, "dtype": "uint8",
        "photometric": "rgb", "tiled": True, "blockxsize": STRIP, "blockysize": STRIP,
        "compress": "deflate", "zlevel": 1, "crs": "EPSG:32632",
        "transform": rasterio.Affine(0.5, 0, 500_000, 0, -0.5, 5_400_000),
    }  # fmt: skip
    with rasterio.open(path, "w", **options) as file:
        for top in range(0, size, STRIP):
            bottom = min(top + STRIP, size)
            strip = paint(planted, size, top, bottom, seed)
            file.write(np.stack([strip] * 3), window=Window(0, top, size, bottom - top))


def write_training_set(root: Path, count: int, size: int, seed: int) -> None:
    """Write small scenes of the same kind as COCO training and validation set under a folder."""
    for split, number in (("train", count), ("val", max(1, count // 10))):
        (root / "images").mkdir(parents=True, exist_ok=True)
        (root / "annotations").mkdir(exist_ok=True)
        images, annotations = [], []
        for index in range(1, number + 1):
            name, own = f"{split}_{index:04d}.png", seed + 2 * index + (split == "val")
            rng = np.random.default_rng(own)
            planter = Planter(size, rng)
            for _ in range(12):
                planter.plant("", *rng.uniform(0, size, 2), pair=rng.random() < 0.3)
            planted = planter.result()
            cv2.imwrite(str(root / "images" / name), paint(planted, size, 0, size, own))
            images.append({"id": index, "file_name": name, "width": size, "height": size})
            for x0, y0, x1, y1 in planted.boxes.tolist():
                annotations.append({
                    "id": len(annotations) + 1, "image_id": index, "category_id": 1, "iscrowd": 0,
                    "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0),
                })  # fmt: skip
        coco = {"images": images, "annotations": annotations,
                "categories": [{"id": 1, "name": "box"}]}  # fmt: skip
        (root / "annotations" / f"{split}.json").write_text(json.dumps(coco))
