import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from mmdet.registry import MODELS
from mmengine.config import Config
from PIL import Image

from adla.experiments import smoke
from adla.experiments.run_config import load_run_config
from adla.experiments.runs import make_run
from adla.experiments.smoke import Smoke, SmokeRow, describe, render_smoke, select_rows
from adla.experiments.smoke_config import IMAGES, choose_images, smoke_config
from adla.experiments.smoke_run import SmokeResult, comparable_loss, tenths
from adla.experiments.tables import Row, load_tables

ROOT = Path(__file__).resolve().parents[2]
TABLES = load_tables(ROOT / "configs/paper_tables.yml")
# All of III; of IV, whose networks are the same, two with something of their own.
ROWS = [("III", row) for row in TABLES["III"].rows if row.config]
ROWS += [("IV", row) for row in TABLES["IV"].rows if row.name in ("mask-rcnn", "ssd512-adla")]
GOOD = SmokeResult(2.0, 1.0, 0.5, 3.0, 200, 99.0)


def load(row):
    return load_run_config(ROOT / "configs", make_run(Path("runs"), row, 0, {}))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A converted HIT-UAV of thirty images, the later ones with more objects."""
    root = tmp_path_factory.mktemp("data")
    images, annotations = [], []
    for number in range(1, 31):
        picture = Image.new("RGB", (64, 48), (60, 60, 60))
        for k in range(1 + number // 5):
            box = [2 + 7 * k, 9, 6, 7]
            picture.paste((220, 220, 220), (box[0], box[1], box[0] + 6, box[1] + 7))
            annotations.append(dict(id=len(annotations) + 1, image_id=number, category_id=1,
                                    bbox=box, area=42, iscrowd=0))  # fmt: skip
        picture.save(root / f"{number}.png")
        images.append(dict(id=number, file_name=f"{number}.png", width=64, height=48))
    classes = ("Person", "Car", "Bicycle", "OtherVehicle")
    categories = [dict(id=k, name=name) for k, name in enumerate(classes, 1)]
    content = dict(images=images, annotations=annotations, categories=categories)
    (root / "train.json").write_text(json.dumps(content))
    return root


def test_the_images_with_the_most_objects_are_chosen(data, tmp_path):
    choose_images(data / "train.json", tmp_path / "x/images.json")
    coco = json.loads((tmp_path / "x/images.json").read_text())
    numbers = [image["id"] for image in coco["images"]]
    assert len(numbers) == IMAGES and numbers == [5, 6, 7, *range(10, 31)]  # 8 and 9 as 5 to 7
    assert {one["image_id"] for one in coco["annotations"]} == set(numbers)
    content = json.loads((data / "train.json").read_text())
    content["annotations"][0]["bbox"] = [2, 9, 16, 16]  # the only large one, in image 1
    (tmp_path / "large.json").write_text(json.dumps(content))
    choose_images(tmp_path / "large.json", tmp_path / "images.json")
    coco = json.loads((tmp_path / "images.json").read_text())
    assert coco["images"][0]["id"] == 1


@pytest.mark.parametrize(("table", "row"), ROWS, ids=[f"{t}-{row.name}" for t, row in ROWS])
def test_every_row_has_a_light_variant(table, row, data):
    cfg = smoke_config(load(row), data, data / "train.json", 7)
    assert cfg.train_cfg.max_iters == 7 and cfg.model.type == load(row).model.type
    text = cfg.pretty_text
    assert "torchvision://" not in text and "frozen_stages=1" not in text
    assert "'num_classes': 8" not in str(cfg.model) and "aitod" not in str(cfg.train_dataloader)
    assert Config.fromstring(text, ".py").model == cfg.model
    sizes = [step.scale for step in cfg.train_dataloader.dataset.pipeline if step.type == "Resize"]
    assert sizes and max(sizes[0]) <= 320


@pytest.mark.parametrize("name", ["retinanet", "faster-rcnn-adla", "ssd512", "centernet"])
def test_light_variants_are_small_or_build_at_least(name, data):
    row = next(row for row in TABLES["III"].rows if row.name == name)
    cfg = smoke_config(load(row), data, data / "train.json", 7)
    model = MODELS.build(cfg.model)
    size = sum(value.numel() for value in model.parameters()) / 1e6
    assert size < (27 if name == "ssd512" else 15)
    assert all(value.requires_grad for value in model.parameters())


def test_the_box_loss_of_a_second_stage_does_not_count():
    one = {"loss": 3.0, "loss_cls": 1.0, "loss_bbox": 2.0}
    assert comparable_loss(one) == 3.0
    two = {
        "loss": 5.0,
        "loss_rpn_cls": 1.0,
        "loss_rpn_bbox": 1.0,
        "loss_cls": 1.0,
        "loss_bbox": 2.0,
    }
    assert comparable_loss(two) == 3.0
    cascade = {"loss": 9.0, "loss_rpn_cls": 1.0, "s0.loss_bbox": 2.0, "s2.loss_bbox": 3.0}
    assert comparable_loss(cascade) == 4.0


def test_tenths_are_means_of_one_value_at_least():
    assert tenths([5.0]) == (5.0, 5.0)
    assert tenths([4.0, 2.0, *[9.0] * 17, 1.0, 2.0]) == (3.0, 1.5)


def test_what_learns_and_what_does_not():
    row = SmokeRow("III", Row("a", "A", "x.py"), Path("a"), GOOD)
    assert row.verdict == "learns" and "loss 2 -> 1, AP 0.5" in describe(row)
    assert replace(row, result=replace(GOOD, ap=0.0)).verdict == "finds nothing"
    assert replace(row, result=replace(GOOD, last=2.0)).verdict == "the loss does not fall"
    failed = replace(row, result=None, problem="crashed: no; see log")
    planned = SmokeRow("III", Row("b", "B", status="planned", reason="r"), Path("b"))
    page = render_smoke([row, failed, planned])
    assert "| III | A | 2 | 1 | 0.5 | 3.0 | 200 | learns |" in page
    assert page.splitlines()[-2:] == [
        "| III | A |  |  |  |  |  | crashed: no |", "| III | B |  |  |  |  |  | planned |"
    ]  # fmt: skip


def test_an_unknown_row_is_named():
    with pytest.raises(ValueError, match="there is no row of table III 'retina'"):
        select_rows(TABLES["III"], ["retina"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "{tmp}"], "there is no {tmp}/train.json: adla convert hit-uav SOURCE"),
        (["--data", "{data}", "VI", "--rows", "mda"], "there is no row of table VI 'mda'"),
        (["--data", "{data}", "X"], "there is no table 'X'"),
        (["--data", "{data}", "--jobs", "0"], "--minutes 90 --jobs 0: both must be above 0"),
    ],
)
def test_what_a_user_can_get_wrong(adla_command, data, tmp_path, words, message):
    words = [word.format(tmp=tmp_path, data=data) for word in words]
    code, _, err = adla_command("table", "smoke", *words, "--work-dir", tmp_path / "runs")
    assert code == 2 and message.format(tmp=tmp_path) in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_rows_run_side_by_side_and_one_failure_stops_no_other(data, tmp_path, monkeypatch):
    """A light RetinaNet, one whose training crashes, one without a config that can be read."""
    monkeypatch.setattr(smoke, "ITERATIONS", 6)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    small = next(row for row in TABLES["III"].rows if row.name == "retinanet")
    names = ("good", "crash", "unreadable")
    rows = tuple(replace(small, name=name, label=name) for name in names)

    def load_one(row):
        if row.name == "unreadable":
            raise ValueError("no such option")
        cfg = load(small)
        if row.name == "crash":
            cfg.custom_hooks.append({"type": "NoSuchHook"})
        return cfg

    said = []
    trial = Smoke(load_one, data, tmp_path, minutes=4.0, say=said.append)
    table = replace(TABLES["III"], rows=rows)
    good, crash, unreadable = trial.run([table])
    assert good.result.iterations == 6 and good.result.first > 0, said
    assert crash.problem.startswith("crashed: ") and "NoSuchHook" in crash.problem
    assert unreadable.problem == "no light variant: ValueError: no such option"
    done = tmp_path / "III/good/result.json"
    alone = replace(table, rows=rows[:1])
    for learned, result in ((True, GOOD), (False, replace(GOOD, ap=0.0))):
        done.write_text(json.dumps(asdict(result)))
        (again,) = trial.run([alone])
        assert ("already done" in said[-1]) == (again.result == result) == learned
