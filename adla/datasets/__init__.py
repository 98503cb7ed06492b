"""Datasets of tiny objects and their transforms, in mmdet's registries.

The converters and the synthetic scenes need no mmdet; `COMPONENTS` do.
"""

from adla.compat.lazy_components import lazy_components

#: Module of each component.
COMPONENTS = {
    "AITODDataset": "aitod",
    "BoxMasks": "transforms",
    "CenteredAffine": "transforms",
    "GenerateNoCoMap": "transforms",
    "HITUAVDataset": "hit_uav",
    "HSVGain": "transforms",
    "LEVIRShipDataset": "levir_ship",
    "LoadImageInRange": "transforms",
    "SIRSTV2Dataset": "sirst_v2",
    "Sen2ShipsDataset": "sen2ships",
    "TargetCrop": "transforms",
    "TinyCocoDataset": "tiny_coco",
    "VisDroneDataset": "visdrone",
}

__all__ = [*COMPONENTS]
__getattr__ = lazy_components(__name__, COMPONENTS)
