import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from PIL import Image
from rich.console import Console

from adla.cli import demo
from adla.experiments.dataset_paths import check_data
from adla.experiments.demo_data import REAL, real_data
from adla.experiments.demo_scenes import check_runs, prepare_scenes
from adla.experiments.run_config import load_run_config
from adla.experiments.runs import make_run
from adla.experiments.selection import find_rows
from adla.experiments.tables import load_tables

ROOT = Path(__file__).resolve().parents[2]
NAMES = (*demo.METRICS.values(), *demo.SCALARS.values())


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=160)


def test_configs_differ_in_head_and_assigner_only():
    table = load_tables(ROOT / "configs/paper_tables.yml")["light-demo"]
    base, adla = (
        Config.fromfile(ROOT / "configs" / row.config).to_dict()
        for row in find_rows(table, list(demo.ROWS))
    )
    assert base["model"]["bbox_head"].pop("type") == "RetinaHead"
    assert adla["model"]["bbox_head"].pop("type") == "AdlaRetinaHead"
    assert base["model"]["train_cfg"].pop("assigner")["pos_iou_thr"] == 0.5
    assert adla["model"]["train_cfg"].pop("assigner") == {"type": "AdaptiveDynamicAssigner"}
    assert base == adla


def test_foreign_scenes_are_not_touched(console, tmp_path):
    mine = tmp_path / "data/scenes/annotations"
    mine.mkdir(parents=True)
    for split in ("train", "val"):
        (mine / f"{split}.json").write_text('{"images": [1], "annotations": []}')
    for fresh in (False, True):
        with pytest.raises(ValueError, match="does not hold the demo's 1 \\+ 1 scenes"):
            prepare_scenes(tmp_path, 1, 1, fresh, console)
    assert (mine / "val.json").exists()


def test_runs_on_other_scenes_are_not_shown_as_those_on_these(tmp_path):
    check_runs(tmp_path / "out", "these")
    check_runs(tmp_path / "out", "these")
    with pytest.raises(ValueError, match="trained on other images; run the demo with --fresh"):
        check_runs(tmp_path / "out", "others")


def test_table_shows_both_rows_and_the_difference(console):
    low = dict.fromkeys(NAMES, 10.0)
    console.print(demo.compare({"base": low, "ADLA": dict(low, AP=22.3, pos_per_gt=17.25)}))
    lines = console.file.getvalue().splitlines()
    difference = next(line for line in lines if "difference" in line)
    assert "+12.3" in difference and "+7.2" in difference


def test_what_was_not_measured_is_a_dash(console):
    low = dict.fromkeys(NAMES, 10.0)
    short = {name: low[name] for name in demo.METRICS.values()}
    console.print(demo.compare({"base": low, "ADLA": dict(short, AP_s=None)}))
    lines = {line.split()[0]: line.split()[1:] for line in console.file.getvalue().splitlines()[3:]
             if line.strip()}  # fmt: skip
    assert lines["ADLA"] == [*["10.0"] * 4, "-", "10.0", "-", "-", "-"]
    assert lines["difference"] == [*["+0.0"] * 4, "-", "+0.0", "-", "-", "-"]


@pytest.mark.slow
def test_whole_demo_in_small(tmp_path):
    command = [sys.executable, ROOT / "tools/demo.py", "--root", tmp_path, "--train", "8",
               "--val", "2", "--epochs", "1"]  # fmt: skip
    first = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert first.returncode == 0, first.stdout + first.stderr
    out = tmp_path / "work_dirs/demo"
    results = json.loads((out / "results.json").read_text())
    assert set(results) == {"fixed IoU .5/.4", "ADLA"}
    assert all(0 <= result["AP"] <= 100 for result in results.values())
    # One iteration is shorter than the interval of AssignStatsHook.
    assert first.stdout.count("ended before the hook's first interval") == 2
    assert not re.search(r"\bnan\b", first.stdout)
    assert "make demo DATA=data/hit-uav" in first.stdout.splitlines()[-1]
    logs = [path.read_text() for path in out.rglob("*.log")]
    for text in (first.stdout, first.stderr, *logs):
        assert "OneDL" not in text and "faster_coco_eval" not in text and "meshgrid" not in text
    for name in ("curves", "detections", "assignments"):
        assert (out / f"{name}.png").is_file()
    again = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert again.returncode == 0 and again.stdout.count("already trained") == 2
    assert again.stdout.count("already tested") == 2


def write_data(folder, *classes):
    """Two images and their annotations in the layout of the converters."""
    (folder / "images").mkdir(parents=True)
    for split in ("train", "val"):
        Image.new("RGB", (256, 256), (90, 90, 90)).save(folder / f"images/{split}.png")
        content = {
            "images": [{"id": 1, "file_name": f"images/{split}.png", "width": 256, "height": 256}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [9, 9, 12, 12],
                             "area": 144, "iscrowd": 0}],
            "categories": [{"id": k, "name": name} for k, name in enumerate(classes, 1)],
        }  # fmt: skip
        (folder / f"{split}.json").write_text(json.dumps(content))


@pytest.mark.parametrize("name", ["hit-uav", "sen2ships"])
def test_options_lead_to_the_converted_data(tmp_path, name):
    classes = next(classes for classes, data in REAL.items() if data == name)
    write_data(tmp_path, *classes)
    data = real_data(tmp_path, 3)
    table = load_tables(ROOT / "configs/paper_tables.yml")[data.table]
    for row in find_rows(table, list(demo.ROWS)):
        run = make_run(data.place_runs(tmp_path / "runs"), row, 0, data.options)
        assert run.work_dir.is_relative_to(tmp_path / f"runs/demo-{name}")
        cfg = load_run_config(ROOT / "configs", run)
        assert cfg.train_cfg.max_epochs == cfg.param_scheduler[1].end == 3
        for split in ("train", "val", "test"):
            assert f"data/{name}" not in str(cfg[f"{split}_dataloader"])
        check_data(cfg, ("train", "val", "test"), tmp_path / "nowhere", lambda message: "")
        assert cfg.val_evaluator.ann_file == cfg.test_evaluator.ann_file == str(data.ann_file)


def test_data_that_the_demo_does_not_know(tmp_path, adla_command):
    code, _, err = adla_command("demo", "--data", tmp_path, "--root", tmp_path)
    assert code == 2 and f"there is no {tmp_path}/train.json: --data takes the folder" in err
    write_data(tmp_path, "cat")
    code, _, err = adla_command("demo", "--data", tmp_path, "--root", tmp_path)
    assert code == 2 and "has the classes cat: the demo knows HIT-UAV and sen2ships" in err
    (tmp_path / "train.json").write_text("[]")
    code, _, err = adla_command("demo", "--data", tmp_path, "--root", tmp_path)
    assert code == 2 and "train.json is no COCO file" in err
    for words in (["--data", tmp_path, "--train", "3"], ["--epochs", "0"]):
        assert adla_command("demo", *words)[0] == 2
    assert not (tmp_path / "work_dirs").exists()


@pytest.mark.slow
def test_whole_demo_on_real_images_in_small(tmp_path):
    write_data(tmp_path / "mine", "ship")
    command = [sys.executable, ROOT / "tools/demo.py", "--root", tmp_path, "--data",
               tmp_path / "mine", "--epochs", "1"]  # fmt: skip
    first = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert first.returncode == 0, first.stdout + first.stderr
    out = tmp_path / "work_dirs/demo-sen2ships"
    assert set(json.loads((out / "results.json").read_text())) == {"fixed IoU .5/.4", "ADLA"}
    for name in ("curves", "detections", "assignments"):
        assert (out / f"{name}.png").is_file()
    assert "One seed and a short training" in first.stdout and "git clone" not in first.stdout
    assert not (tmp_path / "data").exists()


def test_make_takes_the_folder():
    shown = subprocess.run(
        ["make", "-n", "demo", "DATA=data/hit-uav"], cwd=ROOT, capture_output=True, text=True
    )
    assert "-m adla demo --data 'data/hit-uav'" in shown.stdout
