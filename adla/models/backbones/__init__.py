"""Backbones, registered in mmdet's MODELS."""

from .c2f_darknet import C2fDarknet
from .timm_backbone import TimmBackbone
from .yolov5_darknet import YOLOv5Darknet

__all__ = ["C2fDarknet", "TimmBackbone", "YOLOv5Darknet"]
