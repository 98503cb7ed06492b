"""Convert a data set to COCO json in the layout of the configs."""

from collections.abc import Sequence

from .commands import Command, dispatch

#: By the folder under data/ that the configs name. A line here makes a converter a command.
CONVERTERS = {
    "aitod": Command("adla.cli.converters.aitod", "AI-TOD and AI-TOD-v2: check and lay out"),
    "hit-uav": Command("adla.cli.converters.hit_uav", "HIT-UAV, thermal, from a drone"),
    "levir-ship": Command("adla.cli.converters.levir_ship", "LEVIR-Ship, any of its releases"),
    "sen2ships": Command(
        "adla.cli.converters.sen2ships", "sen2ships, Sentinel-2 at 10 m per pixel"
    ),
    "sirst-v2": Command("adla.cli.converters.sirst_v2", "SIRST-V2, infrared"),
    "visdrone": Command("adla.cli.converters.visdrone", "VisDrone-DET, from drones"),
}


def main(words: Sequence[str]) -> int:
    """Call the converter of a data set."""
    return dispatch("adla convert", str(__doc__), CONVERTERS, words)
