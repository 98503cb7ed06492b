"""Convert a data set to the layout of the configs, or the weights of another project."""

from collections.abc import Sequence

from .commands import Command, dispatch

#: Data sets by the folder under data/ that the configs name, and weights of other projects.
CONVERTERS = {
    "aitod": Command("adla.cli.converters.aitod", "AI-TOD and AI-TOD-v2: check and lay out"),
    "hit-uav": Command("adla.cli.converters.hit_uav", "HIT-UAV, thermal, from a drone"),
    "levir-ship": Command("adla.cli.converters.levir_ship", "LEVIR-Ship, any of its releases"),
    "sen2ships": Command(
        "adla.cli.converters.sen2ships", "sen2ships, Sentinel-2 at 10 m per pixel"
    ),
    "sirst-v2": Command("adla.cli.converters.sirst_v2", "SIRST-V2, infrared"),
    "visdrone": Command("adla.cli.converters.visdrone", "VisDrone-DET, from drones"),
    "yolov8": Command("adla.cli.converters.yolov8", "weights of ultralytics' YOLOv8"),
}


def main(words: Sequence[str]) -> int:
    """Call a converter."""
    return dispatch("adla convert", str(__doc__), CONVERTERS, words)
