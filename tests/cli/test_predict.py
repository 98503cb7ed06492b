import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from adla import zoo
from adla.cli.predict import choose_model
from adla.engine.weights_export import export_weights
from tests.inference.conftest import detector_files, write_raster  # noqa: F401

TOOL = Path(__file__).resolve().parents[2] / "tools/predict.py"


@pytest.mark.slow
def test_a_scene_from_the_command_line(detector_files, write_raster, tmp_path):  # noqa: F811
    values = np.random.default_rng(0).integers(0, 256, (3, 600, 600), dtype=np.uint8)
    scene = write_raster(values, crs="EPSG:32632", transform=(0.5, 0, 500_000, 0, -0.5, 5_400_000))
    out = tmp_path / "out"
    command = [sys.executable, TOOL, *detector_files, scene, "--out", out,
               "--slice", "320", "--score-thr", "0.001", "--device", "cpu"]  # fmt: skip
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 images, 9 slices of 320 px, overlap 96" in result.stdout
    coco = json.loads((out / "detections.json").read_text())
    results = json.loads((out / "results.json").read_text())
    features = json.loads((out / "detections.geojson").read_text())["features"]
    assert len(coco["annotations"]) == len(results) == len(features) > 10
    assert (out / "detections.png").stat().st_size > 5000
    assert not (out / "predict_journal").exists()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)).save(path)
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.png"], "no such image or folder: no.png"),
        (["no*.png"], "no file matches no*.png"),
        (["{picture}", "--score-thr", "1e-4"], "--score-thr 0.0001 is below"),
        (["{picture}", "--score-thr", "2"], "--score-thr must lie in [0, 1]"),
        (["{picture}", "--overlap", "1.2"], "--overlap is a share of the slice"),
        (["{picture}", "--slice", "64"], "slices of 64 px would overlap by 96 px"),
        (["{picture}", "--formats", "geojson"], "has no coordinate reference system"),
    ],
)
def test_what_a_user_can_get_wrong(
    adla_command, detector_files, picture, tmp_path, arguments, message  # noqa: F811
):  # fmt: skip
    arguments = [argument.format(picture=picture) for argument in arguments]
    out = tmp_path / "out"
    arguments = [*detector_files, *arguments, "--out", out, "--device", "cpu"]
    code, _, err = adla_command("predict", *arguments)
    assert code == 2 and message in err
    assert err.startswith("adla predict: ") and len(err.splitlines()) == 1
    assert not list(out.rglob("*.json"))


def test_finished_work_is_not_overwritten_and_broken_images_set_the_exit_code(
    adla_command, detector_files, picture, tmp_path  # noqa: F811
):  # fmt: skip
    broken = tmp_path / "no.png"
    arguments = [picture, "--out", tmp_path / "out", "--score-thr", "0.001"]
    command = ["predict", *detector_files]
    assert adla_command(*command, *arguments)[0] == 0
    before = (tmp_path / "out/detections.json").read_bytes()
    code, _, err = adla_command(*command, *arguments)
    assert code == 2 and "is there already" in err
    assert adla_command(*command, *arguments, "--fresh")[0] == 0
    assert (tmp_path / "out/detections.json").read_bytes() == before
    broken.write_text("text")
    code, _, err = adla_command(*command, broken, *arguments, "--fresh")
    assert code == 1 and "left out no.png" in err and "keeps what is done" in err
    assert (tmp_path / "out/predict_journal").is_dir()
    Image.new("L", (40, 40)).save(broken)
    code, out, err = adla_command(*command, broken, *arguments)
    assert (code, err) == (0, "") and "in 2 images" in out
    assert not (tmp_path / "out/predict_journal").exists()


@pytest.fixture
def own_zoo(detector_files, tmp_path, monkeypatch):  # noqa: F811
    """A folder in place of adla/zoo, with one model, ``noise-n``."""
    config, checkpoint = detector_files
    state = torch.load(checkpoint, weights_only=True)
    state["meta"] |= {"cfg": Config.fromfile(config).pretty_text, "epoch": 1}
    torch.save(state, tmp_path / "epoch_1.pth")
    export_weights(tmp_path / "epoch_1.pth", tmp_path / "zoo/noise-n.pth", "noise, no license")
    monkeypatch.setattr(zoo.find_model, "__defaults__", (tmp_path / "zoo",))
    return tmp_path / "zoo"


def test_a_model_that_comes_along_finds_what_its_checkpoint_finds(
    adla_command, own_zoo, detector_files, picture, tmp_path, monkeypatch  # noqa: F811
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    options = ["--score-thr", "0.001", "--device", "cpu"]
    code, _, err = adla_command("predict", "--model", "noise-n", picture, *options)
    assert code == 0, err
    where = tmp_path / "work_dirs/predict/noise-n/picture/results.json"
    found = json.loads(where.read_text())
    assert Image.open(where.parent / "annotated/picture.png").size[0] == 4 * 64
    assert "annotated/picture.png" in (where.parent / ".predict_outputs").read_text().splitlines()
    options.append("--no-annotated")
    adla_command("predict", *detector_files, picture, "--out", "other", *options)
    assert not (tmp_path / "other/annotated").exists()
    words = (detector_files[0], "adla://noise-n", picture, "--out", "named", *options)
    assert adla_command("predict", *words)[0] == 0
    assert json.loads((tmp_path / "named/results.json").read_text()) == found
    whole = json.loads((tmp_path / "other/results.json").read_text())
    assert len(found) == len(whole) > 3
    for ours, theirs in zip(found, whole, strict=True):  # 16 bits
        assert ours["score"] == pytest.approx(theirs["score"], abs=2e-3)


@pytest.mark.parametrize(
    ("given", "folder"),
    [("pics/a.b.jpg", "a.b"), ("pics", "pics"), ("pics/*.jpg", "images"), ("..", "images"),
     (".", "images"), ("/", "images"), ("a[12].png", "images")],
)  # fmt: skip
def test_where_a_model_that_comes_along_writes(own_zoo, given, folder):
    args = argparse.Namespace(model="noise-n", inputs=[given], out=None)
    choose_model(args)
    assert args.out == Path("work_dirs/predict/noise-n", folder)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model"], "no model is named; these come with adla:\n  noise-n  vehicle, ship,"),
        (["--model", "none", "{picture}"], "there is no model 'none'; these come with adla:"),
        (["--model", "noise-n"], "--model noise-n wants an image, a folder or a pattern"),
        (["--model", "noise-n", "a.py", "b.pth", "{picture}"],
         "--model noise-n brings its config and its weights, but a.py and b.pth came too"),
        (["a.py", "b.pth", "--model", "noise-n", "{picture}"], "but a.py and b.pth came too"),
        (["a.py", "adla://none", "{picture}", "--out", "x"],
         "there is no model 'none'; these come with adla:"),
    ],
)  # fmt: skip
def test_a_wrong_choice_of_a_model_is_one_clear_error(
    adla_command, own_zoo, picture, tmp_path, words, message
):
    code, _, err = adla_command("predict", *[word.format(picture=picture) for word in words])
    assert code == 2 and err.startswith("adla predict: ") and message in err
    assert not (tmp_path / "work_dirs").exists() and not (tmp_path / "x").exists()


def test_without_a_model_config_checkpoint_image_and_folder_are_wanted(adla_command):
    for words in (["a.py", "b.pth"], ["a.py", "b.pth", "c.png"]):
        code, _, err = adla_command("predict", *words)
        assert code == 2 and "CONFIG, CHECKPOINT, an IMAGE and --out are required" in err


def test_the_command_that_makes_a_model(adla_command, own_zoo, tmp_path):
    source, out = tmp_path / "epoch_1.pth", tmp_path / "x/again.pth"
    code, text, err = adla_command("export", "weights", source, out, "--about", "noise")
    assert code == 0 and "MB, classes vehicle, ship, storage-tank, person" in text, err
    code, _, err = adla_command("export", "weights", tmp_path / "no.pth", out)
    assert code == 2 and err == f"adla export weights: no such checkpoint: {tmp_path / 'no.pth'}\n"
    assert adla_command("export", "weights", source, tmp_path / "a.txt")[0] == 2
