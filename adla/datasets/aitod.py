"""AI-TOD: tiny objects in aerial images, eight classes."""

from typing import ClassVar

from mmdet.registry import DATASETS

from .converters.aitod_annotations import CLASSES
from .tiny_coco import TinyCocoDataset


@DATASETS.register_module()
class AITODDataset(TinyCocoDataset):
    """AI-TOD v1 and v2: 800x800 pixel images, mean object size 12.8 pixels."""

    METAINFO: ClassVar[dict] = {
        "classes": CLASSES,
        "palette": [
            (230, 25, 75),
            (245, 130, 48),
            (255, 225, 25),
            (60, 180, 75),
            (70, 240, 240),
            (0, 130, 200),
            (240, 50, 230),
            (145, 30, 180),
        ],
    }
