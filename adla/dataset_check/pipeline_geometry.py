"""How large an image gets on its way through a config's pipeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from mmcv.transforms import RandomChoice, RandomChoiceResize, RandomResize
from mmdet.datasets.transforms import (
    FixScaleResize,
    Mosaic,
    Pad,
    RandomAffine,
    RandomCrop,
    Resize,
    ResizeShortestEdge,
)
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from numpy import ndarray

#: Transforms that leave the scale as it is; any other that is not followed gets a note.
_HARMLESS = {
    "LoadImageFromFile", "LoadImageInRange", "LoadAnnotations", "LoadProposals",
    "FilterAnnotations", "PackDetInputs", "RandomFlip", "RandomShift", "PhotoMetricDistortion",
    "YOLOXHSVRandomAug", "CutOut", "RandomErasing", "Corrupt", "Normalize", "ColorTransform",
    "DefaultFormatBundle",
}  # fmt: skip

_Step = Callable[[dict], dict]


@dataclass
class Geometry:
    """What becomes of N images.

    Attributes:
        scales: Shape (N, 2): by what width and height are multiplied.
        canvases: Shape (N, 2): width and height in pixels of the whole scaled and padded image.
        inputs: Shape (N, 2): width and height of what the network gets, after crops.
        images_per_input: How many images a mosaic joins, else 1.
        notes: What is random or was not followed.
    """

    scales: ndarray
    canvases: ndarray
    inputs: ndarray
    images_per_input: int = 1
    notes: list[str] = field(default_factory=list)


def network_geometry(
    pipeline: Sequence[dict], image_sizes: ndarray, size_divisor: int = 1
) -> Geometry:
    """Send blank images through the transforms of a pipeline that change the size.

    Resizes and paddings are run as they are. Of a resize that draws its scale, the middle is taken;
    a mosaic resizes each image to its `img_scale`. Crops and flips change no size: an object keeps
    its place on the canvas, which crops leave whole.

    Args:
        pipeline: Configs of transforms.
        image_sizes: Shape (N, 2), width and height in pixels.
        size_divisor: To a multiple of which the data preprocessor pads.

    Raises:
        ValueError: If a transform cannot be built, or not be run.
    """
    result = Geometry(*np.ones((3, *image_sizes.shape)))
    steps = _steps(pipeline, result)
    sizes, where = np.unique(image_sizes, axis=0, return_inverse=True)
    try:
        unique = np.array([_send(steps, *size) for size in sizes.astype(int)])
    except Exception as error:  # a transform raises anything at arguments that are none
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"the pipeline cannot be run on an image: {reason}") from error
    result.scales, inputs = unique[where.reshape(-1)].transpose(1, 0, 2)
    # Where nothing was cropped the input is the canvas.
    canvases = np.maximum(inputs, image_sizes * result.scales)
    result.inputs, result.canvases = (
        np.ceil(extent.round(3) / size_divisor) * size_divisor for extent in (inputs, canvases)
    )
    return result


def _send(steps: Sequence[_Step], width: int, height: int) -> tuple[ndarray, ndarray]:
    """Return by what an image is scaled on its way, and the size that leaves."""
    blank = np.zeros((height, width, 3), np.uint8)
    unit = HorizontalBoxes(np.array([[0, 0, 1, 1]], np.float32))
    results = dict(img=blank, img_shape=blank.shape[:2], ori_shape=blank.shape[:2], gt_bboxes=unit)
    for step in steps:
        results = step(results)
    scale = results["gt_bboxes"].numpy()[0, 2:].astype(float)
    return scale, np.array(results["img"].shape[1::-1], float)


def _steps(pipeline: Sequence[dict], result: Geometry) -> list[_Step]:
    """Return the steps that scale, pad and crop, in their order; write the notes."""
    steps: list[_Step] = []
    for cfg in pipeline:
        name = cfg["type"] if isinstance(cfg["type"], str) else cfg["type"].__name__
        if name.split(".")[-1] in _HARMLESS:
            continue
        try:
            transform = TRANSFORMS.build(cfg)
        except Exception as error:  # wrong type, wrong argument: the registry wraps them all
            raise ValueError(f"transform {name} of the pipeline: {error}") from error
        if isinstance(transform, RandomChoice):
            result.notes.append(f"{name}: its first branch is followed")
            steps += _steps(cfg["transforms"][0], result)
        elif isinstance(transform, (RandomCrop, RandomAffine)):
            steps += _crop(transform, name, result)
        else:
            steps += _resize(transform, name, result)
    return steps


def _resize(transform: object, name: str, result: Geometry) -> list[_Step]:
    """Return the steps of a transform that scales or pads, or none, with a note."""
    if isinstance(transform, (Resize, ResizeShortestEdge, Pad)):
        return [transform]
    if isinstance(transform, (RandomResize, RandomChoiceResize)):
        transform.resize.scale = _middle(transform)
        result.notes.append(f"{name} draws the scale; its middle {transform.resize.scale} is taken")
        return [transform.resize]
    if isinstance(transform, Mosaic):  # CachedMosaic is one
        width, height = transform.img_scale
        result.images_per_input = 4
        result.notes.append(f"{name}: every image is resized to {width} x {height}, four make one")
        # Its canvas is twice as wide and high.
        return [FixScaleResize((width, height), keep_ratio=True), Pad((2 * width, 2 * height))]
    result.notes.append(f"{name} is not followed")
    return []


def _middle(transform: RandomResize | RandomChoiceResize) -> tuple[int, ...] | int:
    """Return the middle of the scales that a transform draws from."""
    if isinstance(transform, RandomChoiceResize):
        return sorted(transform.scales, key=np.prod)[len(transform.scales) // 2]
    if transform.ratio_range is not None:
        ratio = sum(transform.ratio_range) / 2
        return tuple(int(side * ratio) for side in transform.scale)
    return tuple(sum(sides) // 2 for sides in zip(*transform.scale, strict=True))


def _crop(transform: RandomCrop | RandomAffine, name: str, result: Geometry) -> list[_Step]:
    """Return the step that cuts the input to the size a transform gives it."""
    if isinstance(transform, RandomAffine):
        result.notes.append(f"{name} draws a scale around 1; 1 is taken")
        border = transform.border

        def extent(width: int, height: int) -> tuple[int, int]:
            return width + 2 * border[0], height + 2 * border[1]
    elif transform.crop_type == "absolute":

        def extent(width: int, height: int) -> tuple[int, int]:
            return min(width, transform.crop_size[0]), min(height, transform.crop_size[1])
    else:
        result.notes.append(f"{name} by {transform.crop_type!r} is not followed")
        return []

    def cut(results: dict) -> dict:
        height, width = results["img"].shape[:2]
        right, lower = extent(width, height)
        image = results["img"][:lower, :right]
        return dict(results, img=image, img_shape=image.shape[:2])

    return [cut]
