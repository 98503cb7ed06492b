"""The real SIRST-V2, where it is, and a made-up one in its layout."""

import os
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image

WIDTH, HEIGHT = 40, 30


@pytest.fixture(autouse=True)
def mmdet_scope():
    """Build datasets and transforms as a runner does."""
    with DefaultScope.overwrite_default_scope("mmdet"):
        yield


@pytest.fixture(scope="session")
def sirst_v2_root() -> Path:
    """Root of the published SIRST-V2; tests that need it skip where it is absent."""
    root = Path(os.environ.get("SIRST_V2_ROOT", "data/sirst-v2"))
    if not (root / "annotations" / "bboxes").is_dir():
        pytest.skip(f"no SIRST-V2 in {root}; set SIRST_V2_ROOT to the folder that holds mixed/")
    return root


def write_sample(root: Path, stem: str, boxes=(), name="Target", size=(WIDTH, HEIGHT)) -> None:
    """Write image, XML and mask; boxes are (xmin, ymin, xmax, ymax) as published."""
    Image.new("L", (WIDTH, HEIGHT), 90).save(root / "mixed" / f"{stem}.png")
    objects = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>"
        f"<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for a, b, c, d in boxes
    )
    background = f"<object><name>{name}</name><pixels><id>0</id></pixels></object>"
    (root / "annotations" / "bboxes" / f"{stem}.xml").write_text(
        f"<annotation><filename>{stem}</filename><size><width>{size[0]}</width>"
        f"<height>{size[1]}</height><depth>1</depth></size>{objects or background}</annotation>"
    )
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for xmin, ymin, xmax, ymax in boxes:
        mask[ymin - 1 : ymax - 1, xmin - 1 : xmax - 1] = 255
    Image.fromarray(mask).save(root / "annotations" / "masks" / f"{stem}_pixels0.png")


def write_toy(root: Path) -> Path:
    """Two targets in ``a``, none in ``b``, one in ``Misc_111``."""
    for folder in ("mixed", "annotations/bboxes", "annotations/masks", "splits"):
        (root / folder).mkdir(parents=True)
    write_sample(root, "a", [(3, 4, 8, 10), (21, 11, 23, 14)])
    write_sample(root, "b")
    write_sample(root, "Misc_111", [(1, 1, 41, 31)])
    # As published: no newline at the end.
    (root / "splits" / "train.txt").write_text("b\na")
    (root / "splits" / "val.txt").write_text("Misc_111")
    return root


@pytest.fixture
def toy_root(tmp_path) -> Path:
    return write_toy(tmp_path / "sirst")
