"""Parameters and floating point operations of a row's network, measured once and kept."""

import json
from dataclasses import dataclass
from pathlib import Path

from .tables import Row

#: Side in pixels of the square image that a network is measured on, by data set.
INPUT_SIDES = {
    "aitod": 800,
    "levir-ship": 512,
    "sirst-v2": 256,
    "demo": 256,
    "hit-uav": 256,
    "sen2ships": 256,
}
# What changes neither a parameter nor an operation.
_NOT_THE_NETWORK = ("model.train_cfg.", "model.test_cfg.", "model.backbone.pretrained")


@dataclass(frozen=True)
class Complexity:
    """What a network costs.

    Attributes:
        parameters: In millions.
        gflops: Billions of multiply-adds for one image, as mmengine counts them: operations that
            it does not know, such as deformable convolutions, are not in it. A second stage counts
            with the proposals of an untrained network, so roughly.
        side: Side of that image in pixels.
    """

    parameters: float
    gflops: float
    side: int


def complexity_key(row: Row) -> str:
    """Return what a row's network is kept under: its config, and what the row changes of it."""
    options = {
        key: value
        for key, value in row.options.items()
        if key.startswith("model.") and not key.startswith(_NOT_THE_NETWORK)
    }
    return " ".join(
        [str(row.config), *(f"{key}={value}" for key, value in sorted(options.items()))]
    )


def load_complexities(file: Path) -> dict[str, Complexity]:
    """Read what has been measured.

    Raises:
        ValueError: If the file cannot be read.
    """
    try:
        return {
            key: Complexity(float(value["parameters"]), float(value["gflops"]), int(value["side"]))
            for key, value in json.loads(file.read_text()).items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"{file} cannot be read ({error}); remove it and measure again") from error
