"""Read sen2ships as its repository has it: one COCO json with RLE masks, a folder per harbor."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy import ndarray
from pycocotools import mask as rle

from ..coco_file import read_coco
from .coco_json import box_fault
from .sen2ships_scenes import STAND_INS, WITHOUT_IMAGE

CLASS_NAME = "ship"
_ANNOTATIONS = "coco_annotations.json"
_SUFFIX = "_rgb"
# A ship's box may differ by this much from the extent of its mask before a note says so.
_BOX_TOLERANCE = 1.0
# True color as Sentinel Hub draws it: a reflectance of 1 / 2.5 is white. Its 16-bit files hold the
# reflectance times 65535.
_GAIN, _FULL_SCALE = 2.5, 65535


@dataclass
class Scene:
    """One harbor.

    Attributes:
        port: Its name, that of its folder.
        size: Width and height in pixels.
        pictures: The file with red, green and blue, or three files of one band each.
        boxes: ``(x, y, w, h)`` in pixels.
    """

    port: str
    size: tuple[int, int]
    pictures: list[Path] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)


def find_root(src: Path) -> Path:
    """Return the folder with ``coco_annotations.json`` and a folder per harbor.

    Raises:
        FileNotFoundError: If it is not there.
    """
    for root in (src / "sen2ships", src):
        if (root / _ANNOTATIONS).is_file():
            return root
    raise FileNotFoundError(
        f"{src} holds no {_ANNOTATIONS}: give the folder of the repository sen2ships, which has "
        f"sen2ships/{_ANNOTATIONS} and a folder per harbor"
    )


def read_scenes(root: Path, problems: list[str], notes: list[str]) -> list[Scene]:
    """Read all scenes that have an image, with their boxes, in the order of the json.

    Args:
        root: The folder with the json.
        problems: Takes one line for each thing that is wrong.
        notes: Takes what is missing in the repository, or was put in its place.
    """
    coco, faults = read_coco(root / _ANNOTATIONS)
    problems += [f"{_ANNOTATIONS}: {fault}" for fault in faults]
    if faults:
        return []
    scenes = _scenes(coco, problems)
    odd = sum(_add_box(scenes.get(ann["image_id"]), ann, problems) for ann in coco["annotations"])
    if odd:
        notes.append(f"{odd} boxes are not the extents of their masks; kept as published")
    kept = []
    for scene in scenes.values():
        folder = root / scene.port
        scene.pictures = _find_pictures(folder, scene, problems, notes)
        if scene.pictures:
            kept.append(scene)
    if not (kept or problems):
        problems.append("no harbor has an image")
    return kept


def _scenes(coco: dict[str, Any], problems: list[str]) -> dict[int | str, Scene]:
    """Return the scene of each image id."""
    names = [category["name"] for category in coco["categories"]]
    if names != [CLASS_NAME]:
        problems.append(
            f"{_ANNOTATIONS}: categories {short(names)}, but published is {CLASS_NAME!r} alone: "
            "this is another release"
        )
    scenes: dict[int | str, Scene] = {}
    for image in coco["images"]:
        name, size = Path(image["file_name"]).stem, (image["width"], image["height"])
        port = name.removesuffix(_SUFFIX)
        if Path(image["file_name"]).name != image["file_name"] or port in (name, ""):
            problems.append(f"{_ANNOTATIONS}: {short(image['file_name'])} is no HARBOR_rgb file")
        if port in [scene.port for scene in scenes.values()]:
            problems.append(f"{_ANNOTATIONS}: image {port} is there more than once")
        if not all(type(side) is int for side in size):
            problems.append(f"{_ANNOTATIONS}: size {size} of {port} is not in whole pixels")
        scenes[image["id"]] = Scene(port, size)
    return scenes


def _add_box(scene: Scene | None, ann: dict[str, Any], problems: list[str]) -> bool:
    """Add a ship to its scene, and say whether its box is not the extent of its mask."""
    where = f"{_ANNOTATIONS}: annotation {short(ann['id'])}"
    assert scene is not None  # read_coco has checked the references
    box = tuple(ann["bbox"])
    if ann.get("iscrowd", 0):
        problems.append(f"{where}: is a crowd: this is another release")
        return False
    fault = box_fault(box, scene.size)
    if fault:
        problems.append(f"{where}: box {short(box)} {fault}")
        return False
    scene.boxes.append(box)
    extents = _mask_extents(ann.get("segmentation"), scene, where, problems)
    return extents is not None and bool(np.abs(np.subtract(extents, box)).max() > _BOX_TOLERANCE)


def _mask_extents(
    mask: Any, scene: Scene, where: str, problems: list[str]
) -> tuple[float, ...] | None:
    """Return the extents ``(x, y, w, h)`` of a run-length mask, None if something is wrong."""
    counts = mask.get("counts") if isinstance(mask, dict) else None
    if not (isinstance(counts, list) and all(type(run) is int and run >= 0 for run in counts)):
        problems.append(f"{where}: segmentation {short(mask)} is no list of run lengths")
        return None
    width, height = scene.size
    if mask.get("size") != [height, width]:
        problems.append(
            f"{where}: mask of size {short(mask.get('size'))}, but {scene.port} is "
            f"{[height, width]} (height, width)"
        )
        return None
    if sum(counts) != width * height:
        problems.append(f"{where}: run lengths for {sum(counts)} of {width * height} pixels")
        return None
    return tuple(rle.toBbox(rle.frPyObjects(mask, height, width)))


def _find_pictures(folder: Path, scene: Scene, problems: list[str], notes: list[str]) -> list[Path]:
    """Return the files of a scene's colors: one picture of its size, else three bands."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    for name in (f"{scene.port}{_SUFFIX}.", "True_color."):
        for path in files:
            if name in path.name and path.is_file() and _size(path, problems) == scene.size:
                return [path]
    bands, missing = [], []
    for band in ("B04", "B03", "B02"):
        stand_in = STAND_INS.get((scene.port, band), band)
        found = {name: [p for p in files if f"_{name}_" in p.name] for name in (band, stand_in)}
        chosen = band if found[band] else stand_in
        if len(found[chosen]) > 1:
            problems.append(f"{scene.port}: band {chosen} is there more than once")
        elif found[chosen]:
            bands += found[chosen]
            if chosen != band:
                notes.append(f"{scene.port}: no band {band} in the repository, {chosen} instead")
        else:
            missing.append(band)
    if missing and scene.port in WITHOUT_IMAGE:
        notes.append(f"{scene.port}: left out, the repository has no image of it")
        return []
    if missing:
        problems.append(
            f"{scene.port}: neither a picture of {scene.size} pixels nor band {', '.join(missing)}"
        )
        return []
    wrong = [path.name for path in bands if _size(path, problems) not in (scene.size, None)]
    problems += [f"{scene.port}/{name}: is not {scene.size} pixels" for name in wrong]
    return bands


def _size(path: Path, problems: list[str]) -> tuple[int, int] | None:
    """Return the size of a raster; None, with a line in ``problems``, if it cannot be opened."""
    import rasterio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(path) as dataset:
                return dataset.width, dataset.height
    except rasterio.errors.RasterioError as error:
        problems.append(f"{path.parent.name}/{path.name}: is no whole raster ({error})")
        return None


def read_pixels(scene: Scene) -> ndarray:
    """Return the colors of a scene, shape (H, W, 3), RGB, uint8.

    Raises:
        ValueError: If a file is damaged, or its numbers are not of a kind that is known.
    """
    planes = [plane for path in scene.pictures for plane in _read_planes(path, len(scene.pictures))]
    return np.stack(planes, axis=-1)


def _read_planes(path: Path, files: int) -> ndarray:
    """Return the first three bands of a picture, or the first of a band's file, as uint8."""
    import rasterio

    wanted = [1] if files == 3 else [1, 2, 3]
    name = f"{path.parent.name}/{path.name}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(path) as dataset:
                if dataset.count < len(wanted):
                    raise ValueError(f"{name}: has {dataset.count} bands, not {len(wanted)}")
                values = dataset.read(wanted)
    except rasterio.errors.RasterioError as error:
        raise ValueError(f"{name}: is no whole raster ({error})") from error
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.uint16:
        gain = _GAIN if files == 3 else 1.0
        return np.rint(np.clip(values * (gain * 255 / _FULL_SCALE), 0, 255)).astype(np.uint8)
    raise ValueError(f"{name}: holds {values.dtype} values, but published are 8 or 16 bits")
