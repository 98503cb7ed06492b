"""Converters from published layouts to COCO json; the tools are thin faces on them."""

from .sirst_v2 import SIRSTV2Report, convert_sirst_v2

__all__ = ["SIRSTV2Report", "convert_sirst_v2"]
