"""Transforms, registered in mmdet's TRANSFORMS."""

from .generate_noco_map import GenerateNoCoMap
from .target_crop import TargetCrop

__all__ = ["GenerateNoCoMap", "TargetCrop"]
