"""The lines of docs/datasets/your-own.md run, from YOLO labels to a step of training."""

import re
import runpy
from pathlib import Path

import pytest
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.logging import MMLogger
from PIL import Image

from adla.cli.check import main as check
from adla.engine.assigners import find_assigners

REPO = Path(__file__).parents[2]
TO_COCO, CONFIG, ANCHORS = re.findall(
    r"```python\n(.*?)```", (REPO / "docs/datasets/your-own.md").read_text(), re.DOTALL
)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Two classes in YOLO's layout, converted by the lines of the page; returns the folder."""
    root = tmp_path / "data" / "mine"
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True)
        for stem in ("a", "b"):
            Image.new("RGB", (128, 96), (90, 80, 70)).save(root / f"images/{split}/{stem}.jpg")
        (root / f"labels/{split}/a.txt").write_text(
            "0 0.5 0.5 0.125 0.25\n1 0.25 0.25 0.0625 0.125\n"
        )
        (root / f"labels/{split}/b.txt").write_text("")
    (tmp_path / "to_coco.py").write_text(TO_COCO)
    monkeypatch.chdir(root)
    runpy.run_path(str(tmp_path / "to_coco.py"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text.replace('"configs/', f'"{REPO}/configs/'))
    return path


def test_from_labels_to_a_checked_config(mine, monkeypatch, capsys):
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, "level", logger.level)  # the check changes it
    assert check([str(config(mine, CONFIG))]) == 0
    printed = capsys.readouterr().out
    assert "fine: nothing found" in printed and "warning" not in printed
    assert "anchors of " in printed and "fit: AnchorGenerator(octave_base_scale=" in printed
    lines = [line for line in CONFIG.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 15


@pytest.mark.slow
def test_the_config_with_fitting_anchors_trains(mine):
    *head, last = CONFIG.rstrip().splitlines()
    assert last.startswith("model = "), "what the page tells to replace"
    cfg = Config.fromfile(config(mine, "\n".join([*head, ANCHORS])))
    resize = cfg.train_dataloader.dataset.pipeline[2]
    assert (resize.type, resize.scale) == ("Resize", (1333, 800))
    resize.scale = (192, 144)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(dataset) == 2, "an image with an empty label file is there too"
    (item,) = [one for one in dataset if len(one["data_samples"].gt_instances)]
    boxes = item["data_samples"].gt_instances
    sides = boxes.bboxes.tensor[:, 2:] - boxes.bboxes.tensor[:, :2]
    assert boxes.labels.tolist() == [0, 1]
    assert sides.tolist() == [pytest.approx(side, abs=0.1) for side in ([24, 36], [12, 18])]
    cfg.model.backbone.init_cfg = None
    model = MODELS.build(cfg.model)
    for assigner in find_assigners(model).values():
        assigner.set_progress(0.5)  # a runner's hook tells it
    data = {"inputs": [item["inputs"]], "data_samples": [item["data_samples"]]}
    losses = model(**model.data_preprocessor(data, training=True), mode="loss")
    total, _ = model.parse_losses(losses)
    assert torch.isfinite(total)
