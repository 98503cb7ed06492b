"""SIRST-V2: small targets in single infrared frames."""

from typing import ClassVar

from mmdet.registry import DATASETS

from .tiny_coco import TinyCocoDataset


@DATASETS.register_module()
class SIRSTV2Dataset(TinyCocoDataset):
    """SIRST-V2 as converted by ``adla convert sirst-v2``; half has no target."""

    METAINFO: ClassVar[dict] = {"classes": ("Target",), "palette": [(230, 25, 75)]}
