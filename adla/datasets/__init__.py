"""Datasets of tiny objects, registered in mmdet's registry.

With ``ADLA_CORE_ONLY=1`` nothing that needs mmdet is imported, see :mod:`adla`.
"""

import os as _os

if _os.environ.get("ADLA_CORE_ONLY") != "1":
    from .aitod import AITODDataset
    from .hit_uav import HITUAVDataset
    from .levir_ship import LEVIRShipDataset
    from .sen2ships import Sen2ShipsDataset
    from .sirst_v2 import SIRSTV2Dataset
    from .tiny_coco import TinyCocoDataset
    from .transforms import BoxMasks, CenteredAffine, GenerateNoCoMap, HSVGain, TargetCrop
    from .visdrone import VisDroneDataset

    __all__ = [
        "AITODDataset",
        "BoxMasks",
        "CenteredAffine",
        "GenerateNoCoMap",
        "HITUAVDataset",
        "HSVGain",
        "LEVIRShipDataset",
        "SIRSTV2Dataset",
        "Sen2ShipsDataset",
        "TargetCrop",
        "TinyCocoDataset",
        "VisDroneDataset",
    ]
