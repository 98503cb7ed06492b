"""Transforms, registered in mmdet's TRANSFORMS."""

from .box_masks import BoxMasks
from .centred_affine import CentredAffine
from .generate_noco_map import GenerateNoCoMap
from .hsv_gain import HSVGain
from .target_crop import TargetCrop

__all__ = ["BoxMasks", "CentredAffine", "GenerateNoCoMap", "HSVGain", "TargetCrop"]
