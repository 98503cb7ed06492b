"""LEVIR-Ship: tiny ships in satellite images at 16 m per pixel."""

from typing import ClassVar

from mmdet.registry import DATASETS

from .tiny_coco import TinyCocoDataset


@DATASETS.register_module()
class LEVIRShipDataset(TinyCocoDataset):
    """LEVIR-Ship: 512x512 pixel images, half of them without any ship; these stay."""

    METAINFO: ClassVar[dict] = {"classes": ("ship",), "palette": [(0, 130, 200)]}
