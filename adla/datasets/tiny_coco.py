"""COCO dataset that keeps boxes under one pixel and says what it drops."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mmdet.datasets import CocoDataset
from mmdet.datasets.api_wrappers import COCO
from mmdet.registry import DATASETS
from mmengine.logging import MMLogger

from .box_precision import vanishes
from .categories import category_ids
from .coco_file import is_finite, load_coco
from .image_identity import leaves_folder


class ClassOrderCOCO(COCO):
    """Checked COCO annotations; category ids come in the order of the class names asked for."""

    def __init__(self, annotation_file: str) -> None:
        self.annotation_file = annotation_file
        super().__init__()
        self.dataset = load_coco(annotation_file)
        self.createIndex()
        self.img_ann_map, self.cat_img_map = self.imgToAnns, self.catToImgs

    def get_cat_ids(self, cat_names: Sequence[str] = (), **kwargs: Any) -> list[int]:
        """Return one category id per name; see :func:`.categories.category_ids`."""
        return category_ids(self, cat_names, self.annotation_file)


@DATASETS.register_module()
class TinyCocoDataset(CocoDataset):
    """COCO dataset for tiny objects.

    Differs from ``CocoDataset``: boxes with a side under one pixel stay, what is dropped is
    logged, label ``i`` is ``classes[i]`` whatever the order in the file, and a class that the file
    lacks is an error. Images without boxes stay unless ``filter_cfg`` asks otherwise; then
    ``filter_empty_gt`` counts the boxes that are left, not those in the file.

    Args:
        min_box_size: Boxes with a side shorter than this many pixels are dropped; 0 keeps all.
            Boxes without positive width and height are always dropped, and so are those whose
            width or height inside the image vanishes in float32, see :mod:`.box_precision`.
        names_may_leave: Whether file names may be absolute, or climb out of the image folder
            by ``..``: a file from elsewhere could name any file of this machine.

    Raises:
        FileNotFoundError: If there is no annotation file.
        ValueError: If ``min_box_size`` is negative, the annotation file is damaged (one message
            lists what is wrong), it does not have every class, or a file name leaves the folder.
    """

    COCOAPI = ClassOrderCOCO

    def __init__(
        self,
        *args: Any,
        min_box_size: float = 0.0,
        names_may_leave: bool = False,
        **kwargs: Any,
    ) -> None:
        if not min_box_size >= 0:
            raise ValueError(f"min_box_size must be at least 0 pixels, but got {min_box_size}")
        self.min_box_size = min_box_size
        self.names_may_leave = names_may_leave
        self.dropped: Counter[str] = Counter()
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Load the annotations and log in one line how many boxes were dropped, and why."""
        data_list = super().load_data_list()
        if self.dropped:
            reasons = ", ".join(f"{n} {reason}" for reason, n in self.dropped.most_common())
            MMLogger.get_current_instance().warning(
                f"{self.ann_file}: dropped {self.dropped.total()} boxes: {reasons}"
            )
        return data_list

    def filter_data(self) -> list[dict]:
        """Filter as mmdet does, and by what is left: it looks only at what the file has."""
        kept = super().filter_data()
        if self.test_mode or not (self.filter_cfg or {}).get("filter_empty_gt"):
            return kept
        return [data_info for data_info in kept if data_info["instances"]]

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Parse one image; boxes under one pixel pass mmdet's size check as one-pixel boxes.

        Their true coordinates are put back afterwards.
        """
        name = raw_data_info["raw_img_info"]["file_name"]
        if not self.names_may_leave and leaves_folder(name):
            raise ValueError(
                f"{self.ann_file}: file name {name!r} is absolute or leaves the image folder; make "
                "it relative to data_prefix, or set names_may_leave=True if you trust the file"
            )
        kept = []
        for ann in raw_data_info["raw_ann_info"]:
            reason = self._reason_to_drop(ann, raw_data_info["raw_img_info"])
            if reason:
                self.dropped[reason] += 1
            else:
                kept.append(ann)
        visible = []
        for ann in kept:
            x, y, w, h = ann["bbox"]
            visible.append(dict(ann, bbox=[x, y, max(w, 1), max(h, 1)], area=max(w * h, 1)))
        data_info = super().parse_data_info(dict(raw_data_info, raw_ann_info=visible))
        for instance, ann in zip(data_info["instances"], kept, strict=True):
            x, y, w, h = ann["bbox"]
            instance["bbox"] = [x, y, x + w, y + h]
        return data_info

    def _reason_to_drop(self, ann: dict, image: dict) -> str | None:
        """Say why a box must not be trained on, or None if it may."""
        x, y, w, h = ann["bbox"]
        width, height = image["width"], image["height"]
        if ann.get("ignore", False):
            return "marked ignore"
        if ann["category_id"] not in self.cat2label:
            return "of classes not asked for"
        if not all(map(is_finite, ann["bbox"])):
            return "with a coordinate that is not finite"
        if not (w > 0 and h > 0):
            return "without width or height"
        if not (x < width and y < height and x + w > 0 and y + h > 0):
            return "outside their image"
        longest = max(width, height)
        if vanishes(x, w, width, longest) or vanishes(y, h, height, longest):
            return "whose width or height vanishes in float32"
        if min(w, h) < self.min_box_size:
            return f"with a side under min_box_size={self.min_box_size} px"
        return None
