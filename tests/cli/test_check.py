import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import mmcv
import pytest

from tests.dataset_check.toy import toy_coco, toy_dataset, write_toy

TOOLS = Path(__file__).resolve().parents[2] / "tools"
HEAD = """
custom_imports = dict(imports=["adla"])
default_scope = "mmdet"
model = dict(bbox_head=dict(
    type="FCOSHead", num_classes=2, in_channels=8, feat_channels=32, strides=[4, 8]))
"""


@pytest.fixture
def write_config(tmp_path):
    """Write a config of the toy set; options change its dataset."""

    def write(text: str = HEAD, **options) -> Path:
        dataset = repr(toy_dataset(tmp_path, **options))
        path = tmp_path / "config.py"
        path.write_text(f"{text}\ntrain_dataloader = dict(dataset={dataset})\n")
        return path

    return write


@pytest.fixture
def run(adla_command):
    """Run the command in this process: exit code, stdout, stderr."""
    return partial(adla_command, "check")


@pytest.mark.slow
def test_a_spoilt_set_by_the_command_line(tmp_path, write_config):
    coco = toy_coco()
    coco["images"][1]["height"] = 50
    write_toy(tmp_path, coco)
    (tmp_path / "images/1.png").write_bytes(b"x")
    (tmp_path / "images/3.png").unlink()
    out, picture = tmp_path / "out" / "check.json", tmp_path / "out" / "small.png"
    result = subprocess.run(
        [sys.executable, TOOLS / "check_dataset.py", write_config(),
         "--json", out, "--picture", picture, "--jobs", "2"],
        text=True, capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr and "\x1b" not in result.stdout
    for kind in ("missing-image", "unreadable-image", "image-size"):
        assert f"error   train: 1 x {kind}" in result.stdout
    assert "3 kinds of problems spoil" in result.stdout
    content = json.loads(out.read_text())
    assert content["exit_code"] == 1
    (dataset,) = content["datasets"]
    assert dataset["objects"] == 3 and dataset["network"]["matching"]["no_point"]["4"] == 0
    assert [problem["kind"] for problem in dataset["problems"]] == [
        "missing-image", "unreadable-image", "image-size",
    ]  # fmt: skip
    assert mmcv.imread(picture).std() > 0


def test_a_sound_set_is_fine(tmp_path, write_config, run):
    write_toy(tmp_path)
    code, out, _ = run(write_config(), "--split", "train")
    assert code == 0 and "fine: nothing found" in out and "can get a positive" in out


ANCHORS = HEAD.replace(
    'type="FCOSHead"',
    'type="RetinaHead", anchor_generator=dict(type="AnchorGenerator", '
    "octave_base_scale=4, scales_per_octave=3, ratios=[0.5, 1.0, 2.0], strides=[4, 8])",
).replace("strides=[4, 8]))\n", "))\n")


def test_anchors_that_fit_are_proposed_and_releases_named(tmp_path, write_config, run):
    write_toy(tmp_path)
    config = write_config(ANCHORS, type="LEVIRShipDataset", metainfo=dict(classes=("ship",)))
    _, out, _ = run(config, "--json", tmp_path / "check.json")
    assert "anchors of " in out and "fit: AnchorGenerator(octave_base_scale=" in out
    assert "of the objects, now " in out
    assert "differs train: LEVIR-Ship train: images 3, published 2,336" in out
    content = json.loads((tmp_path / "check.json").read_text())
    assert content["published"][0]["release"] == "LEVIR-Ship"
    assert content["datasets"][0]["network"]["anchors"]["strides"]
    _, out, _ = run(write_config())
    assert "anchors of " not in out, "this head has points"


def test_a_warning_does_not_fail(tmp_path, write_config, run):
    coco = toy_coco()
    coco["annotations"][0]["id"] = 0
    write_toy(tmp_path, coco)
    code, out, _ = run(write_config())
    assert code == 0 and "warning train: 1 x annotation-id-0" in out


def test_images_that_training_and_validation_share(tmp_path, write_config, run):
    write_toy(tmp_path)
    config = write_config()
    with config.open("a") as file:
        dataset = toy_dataset(tmp_path, test_mode=True)
        file.write(f"val_dataloader = test_dataloader = dict(dataset={dataset!r})\n")
    code, out, _ = run(config)
    assert code == 0 and "3 x shared-image" in out and "val, test" in out


@pytest.mark.parametrize(
    ("text", "options", "args", "message"),
    [
        (HEAD, dict(ann_file="none.json"), [], "none.json is not there"),
        (HEAD, dict(type="VOCDataset", ann_file="a.txt"), [], "VOCDataset; only datasets read"),
        (HEAD, dict(pipeline=[dict(type="Rezise")]), [], "transform Rezise of the pipeline"),
        (HEAD, {}, ["--split", "val"], "no val_dataloader.dataset"),
        (HEAD, {}, ["--jobs", "0"], "jobs must be at least 1, but got 0"),
        ("a = (", {}, [], "config.py is not a config"),
    ],
)
def test_what_cannot_be_checked_ends_with_one_line(
    tmp_path, write_config, run, text, options, args, message
):
    write_toy(tmp_path)
    code, out, err = run(write_config(text, **options), "--json", tmp_path / "o.json", *args)
    assert code == 2 and out == ""
    assert err.startswith("adla check: ") and message in err
    assert not (tmp_path / "o.json").exists()


def test_a_damaged_annotation_file_cannot_be_checked(tmp_path, write_config, run):
    write_toy(tmp_path)
    (tmp_path / "train.json").write_text('{"images": [')
    code, _, err = run(write_config())
    assert code == 2 and "train.json" in err and "not JSON" in err


def test_a_missing_config_gets_a_hint(tmp_path, run):
    name = sorted((TOOLS.parent / "configs" / "retinanet").glob("*.py"))[0].name
    code, _, err = run(tmp_path / name.replace(".py", "x.py"))
    assert code == 2 and "is not there" in err and f"{name}?" in err
