import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.logging import MMLogger

from tests.dataset_check.toy import toy_coco, toy_dataset, write_toy

TOOLS = Path(__file__).resolve().parents[2] / "tools"
SCALE = np.sqrt((18 + 108 + 32) / 3)
MODEL = """
model = dict(
    bbox_head=dict(type="RetinaHead", num_classes=2, in_channels=8, feat_channels=8,
        anchor_generator=dict(type="AnchorGenerator", ratios=[1.0], scales=[8], strides=[8])),
    train_cfg=dict(assigner=dict(type="AdaptiveDynamicAssigner")))
"""


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool in this process: exit code, stdout, stderr."""
    monkeypatch.syspath_prepend(str(TOOLS))
    monkeypatch.syspath_prepend(str(TOOLS / "analysis"))
    tool = importlib.import_module("dataset_scale")
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, "level", logger.level)  # the tool changes it

    def call(*args) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dataset_scale.py", *map(str, args)])
        code = tool.main()
        out, err = capsys.readouterr()
        return code, " ".join(out.split()), err

    return call


def write_config(root: Path, text: str = "", **options) -> Path:
    dataset = toy_dataset(root, **options)
    (root / "c.py").write_text(f"{text}\ntrain_dataloader = dict(dataset={dataset!r})\n")
    return root / "c.py"


@pytest.mark.slow
def test_a_config_by_the_command_line(tmp_path):
    write_toy(tmp_path)
    config = write_config(tmp_path, 'custom_imports = dict(imports=["adla"])' + MODEL)
    command = [
        sys.executable, TOOLS / "analysis" / "dataset_scale.py", config,
        "--json", tmp_path / "s.json", "--picture", tmp_path / "s.png",
    ]  # fmt: skip
    result = subprocess.run(command, text=True, capture_output=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    content = json.loads((tmp_path / "s.json").read_text())
    assert content["original"]["scale"] == pytest.approx(SCALE)
    assert content["network"]["sizes"]["scale"] == pytest.approx(2 * SCALE)
    # Anchors of 64 px: the network sees 12 x 6 and 8 x 16 px, 72 and 128 / 4096, and 24 x 18 px.
    assert content["network"]["matching"]["below_t_lift"] == 2
    assert "warning 2 of 3 objects get no positive" in result.stdout
    assert (tmp_path / "s.png").stat().st_size > 1000


def test_a_file_has_original_pixels_alone(tmp_path, run):
    write_toy(tmp_path)
    code, out, _ = run(tmp_path / "train.json", "--picture", tmp_path / "s.png")
    assert code == 0 and f"S, sqrt of the mean area {SCALE:.3f} mean" in out
    assert "3 objects in 3 images" in out and "network" not in out
    assert (tmp_path / "s.png").exists()


def test_letterbox_and_strides_in_the_place_of_a_config(tmp_path, run):
    write_toy(tmp_path)
    code, out, _ = run(tmp_path / "train.json", "--letterbox", 128, "--strides", 4, 32)
    assert code == 0 and f"{SCALE:.3f} {2 * SCALE:.3f}" in out
    assert "network input up to 128 x 128 px" in out
    assert "contain no grid point of stride 32 3 (100.0%)" in out


def test_options_choose_another_file(tmp_path, run):
    write_toy(tmp_path)
    (tmp_path / "other.json").write_text(json.dumps(toy_coco()))
    option = "train_dataloader.dataset.ann_file=other.json"
    code, out, _ = run(write_config(tmp_path), "--cfg-options", option)
    assert code == 0 and "other.json: 3 objects" in out and "the config has no model" in out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["none.json"], "none.json"),
        (["none.py"], "config file none.py is not there"),
        (["{root}/c.py", "--split", "test"], "no test_dataloader.dataset"),
        (["{root}/train.json", "--strides", "0"], "strides must be positive"),
        (
            ["{root}/train.json", "--letterbox", "0"],
            "letterbox must be at least 1 pixel, but got 0",
        ),
        (["{root}/empty.json"], "has no object to measure: S is not defined"),
        (["{root}/both.py"], "joins several files"),
        (["{root}/broken.py"], "broken.json does not load"),
    ],
)
def test_what_cannot_be_measured_ends_with_one_line(tmp_path, run, args, message):
    write_toy(tmp_path)
    (tmp_path / "empty.json").write_text(json.dumps(toy_coco() | {"annotations": []}))
    coco = toy_coco()
    coco["annotations"][0]["image_id"] = 9
    (tmp_path / "broken.json").write_text(json.dumps(coco))
    write_config(tmp_path, ann_file="broken.json").rename(tmp_path / "broken.py")
    one, two = toy_dataset(tmp_path), toy_dataset(tmp_path, ann_file="empty.json")
    both = dict(dataset=dict(type="ConcatDataset", datasets=[one, two]))
    (tmp_path / "both.py").write_text(f"train_dataloader = {both!r}")
    write_config(tmp_path)
    code, out, err = run(*(arg.format(root=tmp_path) for arg in args))
    assert code == 2 and out == ""
    assert err.startswith("dataset_scale: ") and message in err
