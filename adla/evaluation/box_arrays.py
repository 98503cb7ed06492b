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
        labels: (G,), for each box the index of its class in ``class_names``.
        boxes: (G, 4), xywh in pixels.
        areas: (G,), square pixels; they decide the size bin.
        crowds: (G,), whether a box is a region that only swallows detections.
    """

    image_ids: list[int | str]
    class_names: list[str]
    images: np.ndarray
    labels: np.ndarray
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
        with np.errstate(over="ignore"):  # infinite, which a reader refuses
            products = boxes[:, 2] * boxes[:, 3]
        areas = [ann.get("area", area) for ann, area in zip(anns, products, strict=True)]
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
    """Detected boxes, side by side: of one image or scene, or of many.

    Boxes are kept as COCO's files have them, because a corner that is computed and subtracted again
    rounds, and the area decides the size bin.

    Attributes:
        boxes: (D, 4), xywh in pixels of the image, float64.
        scores: (D,), in [0, 1]. Of equal scores the one that stands first comes first.
        labels: (D,), integers: for each box the index of its class.
        images: (D,), for each box the index of its image in :attr:`GroundTruth.image_ids`; zeros
            where all are of one image.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    images: np.ndarray

    @classmethod
    def from_corners(
        cls, corners: np.ndarray, scores: np.ndarray, labels: np.ndarray
    ) -> "Detections":
        """Return the detections of one image from boxes (D, 4), xyxy in pixels."""
        corners = np.asarray(corners, np.float64)
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        return cls(boxes, scores, labels, np.zeros(len(scores), np.int64))

    @property
    def corners(self) -> np.ndarray:
        """The boxes (D, 4), xyxy in pixels."""
        return to_corners(self.boxes)

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, index: np.ndarray) -> "Detections":
        """Return some of the detections, by a mask or by indices."""
        columns = (self.boxes, self.scores, self.labels, self.images)
        return Detections(*(column[index] for column in columns))


def to_corners(boxes: np.ndarray) -> np.ndarray:
    """Turn boxes (N, 4) from xywh into xyxy."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def box_overlaps(corners1: np.ndarray, corners2: np.ndarray, over: str = "union") -> np.ndarray:
    """Return the share of overlap in [0, 1] of boxes (..., 4), xyxy in pixels; shapes broadcast.

    For every pair of (N, 4) and (M, 4), give ``corners1[:, None]`` and ``corners2[None]``.

    Args:
        corners1: The one box of each pair.
        corners2: The other.
        over: What the intersection is divided by: ``'union'`` (IoU) or the ``'smaller'`` box.
    """
    low = np.maximum(corners1[..., :2], corners2[..., :2])
    high = np.minimum(corners1[..., 2:], corners2[..., 2:])
    shared = (high - low).clip(0).prod(axis=-1)
    area1, area2 = ((c[..., 2:] - c[..., :2]).prod(axis=-1) for c in (corners1, corners2))
    base = np.minimum(area1, area2) if over == "smaller" else area1 + area2 - shared
    return np.divide(shared, base, out=np.zeros_like(shared), where=base > 0)
