"""Each image beside the detections in it: with its boxes, or as an overview of a large scene."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy import ndarray
from PIL import Image

from adla.atomic_files import atomic_file
from adla.evaluation.box_arrays import Detections
from adla.visualization.annotated import annotate
from adla.visualization.overview import draw_overview

from .image_readers import Picture, RowBuffer
from .raster_reader import Raster

#: Longer side in pixels up to which an image is drawn whole, and that of an overview at most.
WHOLE_SIDE, OVERVIEW_SIDE = 3000, 2000
#: Pixels of a scene that are read at a time.
_STRIPE = 16_000_000


def picture_names(names: Iterable[str]) -> dict[str, str]:
    """Return the file name of each image's picture: its own with ``.png``, one for each.

    Args:
        names: What the outputs call the images, which may be paths.
    """
    safe = {name: [part for part in PurePosixPath(name).parts if part not in ("/", "..")]
            for name in names}  # fmt: skip
    short = {name: str(PurePosixPath(*parts).with_suffix(".png")) for name, parts in safe.items()}
    chosen, taken = {}, set()
    for name, parts in safe.items():
        shared = sum(other == short[name] for other in short.values()) > 1
        file = f"{PurePosixPath(*parts)}.png" if shared else short[name]
        while file in taken:
            file = file.removesuffix(".png") + "_.png"
        taken.add(file)
        chosen[name] = file
    return chosen


def save_annotated(
    path: Path,
    source: Picture | Raster,
    found: Detections,
    classes: Sequence[str],
    scores: bool = False,
) -> None:
    """Draw an image with the detections in it.

    Args:
        path: PNG to write, whole or not at all; its folder is made.
        source: The image or scene, read a stripe at a time.
        found: The detections, in its pixels.
        classes: Class names, by label.
        scores: Whether to write the scores; an overview has none.
    """
    longer = max(source.width, source.height)
    if longer <= WHOLE_SIDE:
        pixels, _ = RowBuffer(source).read(0, source.height)
        picture = annotate(pixels, found, classes, scores)
    else:
        factor = -(-longer // OVERVIEW_SIDE)
        picture = draw_overview(read_shrunk(source, factor), factor, found, classes)
    with atomic_file(path, "wb") as file:
        picture.save(file, "PNG")


def read_shrunk(source: Picture | Raster, factor: int) -> ndarray:
    """Return a scene in which each pixel is the mean of `factor` x `factor` ones, BGR, uint8."""
    rows = factor * max(1, _STRIPE // (source.width * factor))
    stripes, buffer = [], RowBuffer(source)
    for top in range(0, source.height, rows):
        pixels, _ = buffer.read(top, min(top + rows, source.height))
        stripes.append(np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).reduce(factor)))
    return np.concatenate(stripes)
