"""Datasets of tiny objects, registered in mmdet's registry.

With ``ADLA_CORE_ONLY=1`` nothing that needs mmdet is imported, see :mod:`adla`.
"""

import os as _os

if _os.environ.get("ADLA_CORE_ONLY") != "1":
    from .aitod import AITODDataset
    from .levir_ship import LEVIRShipDataset
    from .sirst_v2 import SIRSTV2Dataset
    from .tiny_coco import TinyCocoDataset
    from .transforms import BoxMasks, CentredAffine, GenerateNoCoMap, HSVGain, TargetCrop

    __all__ = [
        "AITODDataset",
        "BoxMasks",
        "CentredAffine",
        "GenerateNoCoMap",
        "HSVGain",
        "LEVIRShipDataset",
        "SIRSTV2Dataset",
        "TargetCrop",
        "TinyCocoDataset",
    ]
