"""HIT-UAV: thermal images from a drone, four classes."""

from typing import ClassVar

from mmdet.registry import DATASETS

from .tiny_coco import TinyCocoDataset


@DATASETS.register_module()
class HITUAVDataset(TinyCocoDataset):
    """HIT-UAV as converted by ``tools/dataset_converters/hit_uav.py``; persons have 8 to 16 px."""

    METAINFO: ClassVar[dict] = {
        "classes": ("Person", "Car", "Bicycle", "OtherVehicle"),
        "palette": [(230, 25, 75), (0, 130, 200), (255, 225, 25), (60, 180, 75)],
    }
