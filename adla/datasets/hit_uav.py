"""HIT-UAV: thermal images from a drone, four classes."""

from typing import ClassVar

from mmdet.registry import DATASETS

from .converters.hit_uav_read import CLASSES
from .tiny_coco import TinyCocoDataset


@DATASETS.register_module()
class HITUAVDataset(TinyCocoDataset):
    """HIT-UAV as converted by ``adla convert hit-uav``; persons have 8 to 16 px."""

    METAINFO: ClassVar[dict] = {
        "classes": CLASSES,
        "palette": [(230, 25, 75), (0, 130, 200), (255, 225, 25), (60, 180, 75)],
    }
