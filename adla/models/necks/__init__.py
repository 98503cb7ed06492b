"""Necks, registered in mmdet's MODELS."""

from .oscar_fpn import OSCARFPN
from .tiny_pafpn import TinyPAFPN

__all__ = ["OSCARFPN", "TinyPAFPN"]
