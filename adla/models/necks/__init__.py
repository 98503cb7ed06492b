"""Necks, registered in mmdet's MODELS."""

from .fsanet_fpn import FSANetFPN
from .oscar_fpn import OSCARFPN
from .tiny_pafpn import TinyPAFPN
from .yolov5_pafpn import YOLOv5PAFPN

__all__ = ["OSCARFPN", "FSANetFPN", "TinyPAFPN", "YOLOv5PAFPN"]
