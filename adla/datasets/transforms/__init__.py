"""Transforms, registered in mmdet's TRANSFORMS."""

from .box_masks import BoxMasks
from .generate_noco_map import GenerateNoCoMap
from .target_crop import TargetCrop

__all__ = ["BoxMasks", "GenerateNoCoMap", "TargetCrop"]
