"""VisDrone-DET: images from drones, ten classes."""

from typing import ClassVar

from mmdet.registry import DATASETS

from .converters.visdrone_read import CLASSES
from .tiny_coco import TinyCocoDataset


@DATASETS.register_module()
class VisDroneDataset(TinyCocoDataset):
    """VisDrone-DET as converted by ``adla convert visdrone``."""

    METAINFO: ClassVar[dict] = {
        "classes": CLASSES,
        "palette": [
            (230, 25, 75),
            (245, 130, 48),
            (255, 225, 25),
            (0, 130, 200),
            (70, 240, 240),
            (60, 180, 75),
            (145, 30, 180),
            (240, 50, 230),
            (170, 110, 40),
            (128, 128, 0),
        ],
    }
