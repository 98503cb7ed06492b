"""Annotations and detections as columns: arrays instead of a Python object per box."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GroundTruth:
    """The annotated boxes of a data set, its images and its classes.

    Attributes:
        image_ids: Ids of all images, ascending; also of those without boxes.
        class_names: Names of the evaluated classes.
        images: (G,), for each box the index of its image in ``image_ids``.
        classes: (G,), for each box the index of its class in ``class_names``.
        boxes: (G, 4), xywh in pixels.
        areas: (G,), square pixels; they decide the size bin.
        crowds: (G,), whether a box is a region that only swallows detections.
    """

    image_ids: list[int | str]
    class_names: list[str]
    images: np.ndarray
    classes: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray
    crowds: np.ndarray

    @classmethod
    def from_coco(
        cls, dataset: Mapping, category_ids: Sequence[int | str] | None = None
    ) -> "GroundTruth":
        """Read COCO annotations; ids of annotations have no meaning here and may be 0.

        Args:
            dataset: Content of a COCO json. An annotation without ``area`` has that of its box.
            category_ids: The evaluated categories in label order; None takes all of the file.

        Raises:
            ValueError: If image ids are of different types, an annotation's image is not there, or
                two classes have one name.
        """
        names = {category["id"]: category["name"] for category in dataset["categories"]}
        category_ids = list(names) if category_ids is None else category_ids
        class_names = [names[category_id] for category_id in category_ids]
        if len(set(class_names)) < len(class_names):
            raise ValueError(f"two categories have the same name: {class_names}")
        label = {category_id: index for index, category_id in enumerate(category_ids)}
        ids = {image["id"] for image in dataset["images"]}
        if len({isinstance(image_id, str) for image_id in ids}) > 1:
            raise ValueError("some image ids are text and some numbers; make them all one of both")
        image_ids = sorted(ids)
        position = {image_id: index for index, image_id in enumerate(image_ids)}
        anns = [ann for ann in dataset.get("annotations", []) if ann["category_id"] in label]
        stray = [ann["image_id"] for ann in anns if ann["image_id"] not in position]
        if stray:
            raise ValueError(f"{len(stray)} annotations of images that are not listed: {stray[:5]}")
        boxes = np.array([ann["bbox"] for ann in anns], np.float64).reshape(-1, 4)
        areas = [ann.get("area", box[2] * box[3]) for ann, box in zip(anns, boxes, strict=True)]
        return cls(
            image_ids,
            class_names,
            np.array([position[ann["image_id"]] for ann in anns], np.int64),
            np.array([label[ann["category_id"]] for ann in anns], np.int64),
            boxes,
            np.array(areas, np.float64),
            np.array([bool(ann.get("iscrowd")) for ann in anns], bool),
        )


@dataclass(frozen=True)
class Detections:
    """The detected boxes of a data set.

    Attributes:
        images: (D,), for each box the index of its image in :attr:`GroundTruth.image_ids`.
        classes: (D,), for each box the index of its class in :attr:`GroundTruth.class_names`.
        boxes: (D, 4), xywh in pixels, finite.
        scores: (D,), finite. Of equal scores the one that stands first comes first.
    """

    images: np.ndarray
    classes: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray


def paired_ious(boxes1: np.ndarray, boxes2: np.ndarray) -> np.ndarray:
    """Return the IoU (N,) in [0, 1] of each pair of boxes (N, 4), xywh in pixels."""
    low = np.maximum(boxes1[:, :2], boxes2[:, :2])
    high = np.minimum(boxes1[:, :2] + boxes1[:, 2:], boxes2[:, :2] + boxes2[:, 2:])
    shared = (high - low).clip(0).prod(1)
    return shared / (boxes1[:, 2:].prod(1) + boxes2[:, 2:].prod(1) - shared)
