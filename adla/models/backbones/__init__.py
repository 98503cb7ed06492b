"""Backbones, registered in mmdet's MODELS."""

from .c2f_darknet import C2fDarknet
from .timm_backbone import TimmBackbone

__all__ = ["C2fDarknet", "TimmBackbone"]
