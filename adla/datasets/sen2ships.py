"""sen2ships: ships in harbours, from Sentinel-2 at 10 m per pixel."""

from typing import ClassVar

from mmdet.registry import DATASETS

from .tiny_coco import TinyCocoDataset


@DATASETS.register_module()
class Sen2ShipsDataset(TinyCocoDataset):
    """sen2ships in tiles, as converted by ``adla convert sen2ships``."""

    METAINFO: ClassVar[dict] = {"classes": ("ship",), "palette": [(0, 130, 200)]}
