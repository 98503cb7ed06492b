"""Datasets of tiny objects, registered in mmdet's registry."""

from .aitod import AITODDataset
from .levir_ship import LEVIRShipDataset
from .sirst_v2 import SIRSTV2Dataset
from .tiny_coco import TinyCocoDataset

__all__ = ["AITODDataset", "LEVIRShipDataset", "SIRSTV2Dataset", "TinyCocoDataset"]
