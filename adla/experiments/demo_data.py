"""What the demo trains on: generated scenes, or a converted data set of real images."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .tables import LIGHT_TABLES

#: Epochs on real images: half an hour a detector on a core. The configs train three times as long.
REAL_EPOCHS = 4
#: Converted data sets by their class names.
REAL = {("Person", "Car", "Bicycle", "OtherVehicle"): "hit-uav", ("ship",): "sen2ships"}
#: How to come by the real images, said at the end of the demo on scenes; with adla's command.
REAL_IMAGES = (
    "The same on real images (HIT-UAV: thermal, from a drone, CC BY 4.0):\n"
    "  git clone https://github.com/suojiashun/HIT-UAV-Infrared-Thermal-Dataset\n"
    "  {adla} convert hit-uav HIT-UAV-Infrared-Thermal-Dataset data/hit-uav --scale 0.5\n"
    "  {adla} demo --data data/hit-uav    or    make demo DATA=data/hit-uav"
)


@dataclass(frozen=True)
class DemoData:
    """A data set of the demo.

    Attributes:
        folder: Name of its folder below ``work_dirs``.
        table: Light table whose rows are trained.
        root: Where its files lie.
        ann_file: Annotations of the images that are tested on.
        image_dir: What their file names start from.
        digest: Of its annotations.
        options: What it changes of the configs.
    """

    folder: str
    table: str
    root: Path
    ann_file: Path
    image_dir: Path
    digest: str
    options: dict[str, Any] = field(default_factory=dict)

    def place_runs(self, work_dirs: Path) -> Path:
        """Return the folder of all runs; the configs of the scenes bring ``demo`` themselves."""
        return work_dirs if self.table == LIGHT_TABLES["demo"] else work_dirs / self.folder


def scene_data(root: Path, digest: str, epochs: int | None) -> DemoData:
    """Return the generated scenes below `root`."""
    scenes = root / "data/scenes"
    return DemoData(
        "demo", LIGHT_TABLES["demo"], scenes, scenes / "annotations/val.json", scenes / "images",
        digest, {} if epochs is None else _schedule(epochs),
    )  # fmt: skip


def real_data(folder: Path, epochs: int | None) -> DemoData:
    """Return a data set that ``adla convert`` has written.

    Args:
        folder: Its folder.
        epochs: Epochs of the training, None: `REAL_EPOCHS`.

    Raises:
        FileNotFoundError: If it is not there, or has another layout.
        ValueError: If it is neither HIT-UAV nor sen2ships.
    """
    files = [folder / f"{split}.json" for split in ("train", "val")]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(
                f"there is no {file}: --data takes the folder that adla convert hit-uav or "
                "adla convert sen2ships has written"
            )
    try:
        categories = json.loads(files[0].read_text(encoding="utf-8"))["categories"]
        classes = tuple(category["name"] for category in categories)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{files[0]} is no COCO file: {error!r}") from None
    if classes not in REAL:
        raise ValueError(
            f"{folder} has the classes {', '.join(map(str, classes))}: the demo knows HIT-UAV and "
            "sen2ships; for others see docs/datasets/your-own.md"
        )
    name = REAL[classes]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    options = _schedule(REAL_EPOCHS if epochs is None else epochs) | _paths(name, folder)
    options["default_hooks.logger.interval"] = 10  # progress is read from its lines
    return DemoData(
        f"demo-{name}", LIGHT_TABLES[name], folder, files[1], folder, digest, options
    )  # fmt: skip


def _schedule(epochs: int) -> dict[str, Any]:
    return {"train_cfg.max_epochs": epochs, "param_scheduler.1.end": epochs}


def _paths(name: str, folder: Path) -> dict[str, Any]:
    """Return the options that let the configs of a data set read it from a folder."""
    train = "train_dataloader.dataset" + ".dataset" * (name == "sen2ships")  # it is repeated
    loaders = [train, "val_dataloader.dataset", "test_dataloader.dataset"]
    return {f"{loader}.data_root": f"{folder}/" for loader in loaders} | {
        f"{split}_evaluator.ann_file": f"{folder / 'val.json'}" for split in ("val", "test")
    }
