"""Transforms, registered in mmdet's TRANSFORMS."""

from .box_masks import BoxMasks
from .centered_affine import CenteredAffine
from .generate_noco_map import GenerateNoCoMap
from .hsv_gain import HSVGain
from .load_image_in_range import LoadImageInRange
from .target_crop import TargetCrop

__all__ = [
    "BoxMasks",
    "CenteredAffine",
    "GenerateNoCoMap",
    "HSVGain",
    "LoadImageInRange",
    "TargetCrop",
]
