"""Converters from published layouts to COCO json; `adla.cli.converters` has their commands."""

from .aitod import AITODReport, prepare_aitod
from .hit_uav import HITUAVReport, convert_hit_uav
from .levir_ship import LEVIRShipReport, convert_levir_ship
from .sen2ships import Sen2ShipsReport, convert_sen2ships
from .sirst_v2 import SIRSTV2Report, convert_sirst_v2
from .visdrone import VisDroneReport, convert_visdrone

__all__ = [
    "AITODReport",
    "HITUAVReport",
    "LEVIRShipReport",
    "SIRSTV2Report",
    "Sen2ShipsReport",
    "VisDroneReport",
    "convert_hit_uav",
    "convert_levir_ship",
    "convert_sen2ships",
    "convert_sirst_v2",
    "convert_visdrone",
    "prepare_aitod",
]
