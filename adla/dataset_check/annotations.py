"""What an annotation file says, as arrays, whatever is wrong with it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import ndarray

from adla.datasets.box_precision import vanishes
from adla.datasets.coco_file import LISTS, entry_faults, read_coco
from adla.datasets.problems import raise_problems


@dataclass
class Records:
    """The N images, M annotations and the categories of a COCO file.

    Attributes:
        ann_file: Where they come from.
        image_ids: N ids.
        file_names: N names, relative to the image folder.
        image_sizes: Shape (N, 2), width and height in pixels.
        ann_ids: M ids.
        ann_image_ids: M image ids, as written.
        ann_images: Shape (M,): index of the image, -1 where the file lists no such image.
        boxes: Shape (M, 4), xywh in pixels, as written.
        areas: Shape (M,), the field ``area`` in square pixels; NaN where it is missing.
        ann_categories: M category ids, as written.
        crowds: Shape (M,): marked ``iscrowd`` or ``ignore``.
        masks: Shape (M,): has a segmentation, whose area is not that of the box.
        categories: Pairs of id and name, in the order of the file.
        malformed: Entries that could not be read, each with its fault.
    """

    ann_file: Path
    image_ids: list
    file_names: list[str]
    image_sizes: ndarray
    ann_ids: list
    ann_image_ids: list
    ann_images: ndarray
    boxes: ndarray
    areas: ndarray
    ann_categories: list
    crowds: ndarray
    masks: ndarray
    categories: list[tuple]
    malformed: list[str]

    def has_area(self) -> ndarray:
        """Say which boxes, (M,), are finite with positive width and height."""
        return np.isfinite(self.boxes).all(axis=1) & (self.boxes[:, 2:] > 0).all(axis=1)

    def vanishes(self) -> ndarray:
        """Say which boxes, (M,), lie in their image, but lose width or height there in float32."""
        if not len(self.image_ids):
            return np.zeros(len(self.boxes), bool)
        sizes = self.image_sizes[self.ann_images]
        longest = sizes.max(axis=1, keepdims=True)
        thin = np.any(vanishes(self.boxes[:, :2], self.boxes[:, 2:], sizes, longest), axis=1)
        inside = (self.ann_images >= 0) & np.isfinite(self.outside())
        return thin & self.has_area() & inside

    def outside(self) -> ndarray:
        """Say how far each box, (M,), leaves its image, in pixels; infinity if altogether."""
        sizes = self.image_sizes[self.ann_images] if len(self.image_ids) else self.boxes[:, 2:]
        lower, upper = self.boxes[:, :2], self.boxes[:, :2] + self.boxes[:, 2:]
        beyond = np.maximum(-lower, upper - sizes).max(axis=1, initial=0)
        apart = ((upper <= 0) | (lower >= sizes)).any(axis=1)
        return np.where(self.ann_images < 0, 0, np.where(apart, np.inf, beyond))

    def usable(
        self, classes: Collection[str] | None = None, images: Collection | None = None
    ) -> ndarray:
        """Say which annotations, (M,), are objects to learn.

        Args:
            classes: Class names that count; None for all.
            images: Ids of the images that count; None for all.
        """
        wanted = {key for key, name in self.categories if classes is None or name in classes}
        kept = np.array([key in wanted for key in self.ann_categories], bool)
        if images is not None:
            kept &= np.array([key in images for key in self.ann_image_ids], bool)
        kept &= ~self.crowds & (self.ann_images >= 0) & self.has_area()
        return kept & ~self.vanishes() & np.isfinite(self.outside())


def read_records(ann_file: str | Path) -> Records:
    """Read an annotation file.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is not json, or not the dictionary of a COCO file.
    """
    ann_file = Path(ann_file)
    content, faults = read_coco(ann_file)
    if not all(isinstance(content.get(key), list) for key in LISTS):
        raise_problems(faults, ann_file, "")
    malformed: list[str] = []
    images = _readable(content, "images", "image", malformed)
    annotations = _readable(content, "annotations", "annotation", malformed)
    categories = _readable(content, "categories", "category", malformed)
    place = {image["id"]: index for index, image in reversed([*enumerate(images)])}
    return Records(
        ann_file=ann_file,
        image_ids=[image["id"] for image in images],
        file_names=[image["file_name"] for image in images],
        image_sizes=_array([(image["width"], image["height"]) for image in images], 2),
        ann_ids=[ann["id"] for ann in annotations],
        ann_image_ids=[ann["image_id"] for ann in annotations],
        ann_images=np.array([place.get(ann["image_id"], -1) for ann in annotations], int),
        boxes=_array([ann["bbox"] for ann in annotations], 4),
        areas=np.array([ann.get("area", np.nan) for ann in annotations], float),
        ann_categories=[ann["category_id"] for ann in annotations],
        crowds=np.array([_is_crowd(ann) for ann in annotations], bool),
        masks=np.array([bool(ann.get("segmentation")) for ann in annotations], bool),
        categories=[(category["id"], category["name"]) for category in categories],
        malformed=malformed,
    )


def _array(rows: list, columns: int) -> ndarray:
    """Return rows as a float array of shape (len(rows), columns), also when there are none."""
    return np.array(rows, float).reshape(-1, columns)


def _is_crowd(annotation: dict) -> bool:
    return bool(annotation.get("iscrowd") or annotation.get("ignore"))


def _readable(content: dict, key: str, noun: str, malformed: list[str]) -> list[dict]:
    """Return the entries of a list without fault; the faults of the others go to `malformed`."""
    good = []
    for number, entry in enumerate(content[key]):
        faults = entry_faults(key, entry)
        if not faults:
            good.append(entry)
            continue
        known = f" (id {entry['id']!r})" if isinstance(entry, dict) and "id" in entry else ""
        malformed.append(f"{noun} number {number}{known}: {'; '.join(faults)}")
    return good
