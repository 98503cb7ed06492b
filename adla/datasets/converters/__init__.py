"""Converters from published layouts to COCO json; the tools are thin faces on them."""

from .aitod import AITODReport, prepare_aitod
from .levir_ship import LEVIRShipReport, convert_levir_ship
from .sirst_v2 import SIRSTV2Report, convert_sirst_v2

__all__ = [
    "AITODReport",
    "LEVIRShipReport",
    "SIRSTV2Report",
    "convert_levir_ship",
    "convert_sirst_v2",
    "prepare_aitod",
]
