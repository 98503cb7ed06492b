"""The step of a pipeline that loads images: what a training sees of a file."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS
from numpy import ndarray

from .value_range import ValueRange

#: Returns the pixels of a file as a training sees them; raises ValueError where it cannot.
LoadImage = Callable[[Path], ndarray]


def find_load_step(pipeline: Sequence[dict]) -> int | None:
    """Return the position of the step that loads the images, or None."""
    for index, step in enumerate(pipeline):
        kind = TRANSFORMS.get(step["type"]) if isinstance(step["type"], str) else step["type"]
        if isinstance(kind, type) and issubclass(kind, LoadImageFromFile):
            return index
    return None


def pipeline_range(pipeline: Sequence[dict]) -> ValueRange | None:
    """Return the value range that a pipeline's images are loaded with, or None."""
    index = find_load_step(pipeline)
    value_range = None if index is None else pipeline[index].get("value_range")
    return None if value_range is None else (float(value_range[0]), float(value_range[1]))


def image_loader(pipeline: Sequence[dict]) -> LoadImage:
    """Return what loads images as a pipeline does, or as ``LoadImageFromFile`` where it has none.

    Pixels stay as they are decoded, also where the pipeline makes floats of them.

    Args:
        pipeline: Configs of transforms.
    """
    index = find_load_step(pipeline)
    step = dict(type="LoadImageFromFile") if index is None else dict(pipeline[index])
    step.pop("to_float32", None)
    transform = TRANSFORMS.build(step)

    def load(path: Path) -> ndarray:
        try:
            results = transform.transform({"img_path": str(path)})
        except Exception as error:  # whatever decoders and file backends raise
            raise ValueError(str(error).strip() or type(error).__name__) from error
        if results is None:
            raise ValueError(f"failed to load image: {path}")
        return results["img"]

    return load
