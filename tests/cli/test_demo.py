import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from rich.console import Console

from adla.cli import demo
from adla.experiments.demo_scenes import check_scenes, prepare_scenes
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
    check_scenes(tmp_path / "out", "these")
    check_scenes(tmp_path / "out", "these")
    with pytest.raises(ValueError, match="trained on other scenes; run the demo with --fresh"):
        check_scenes(tmp_path / "out", "others")


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
    logs = [path.read_text() for path in out.rglob("*.log")]
    for text in (first.stdout, first.stderr, *logs):
        assert "OneDL" not in text and "faster_coco_eval" not in text and "meshgrid" not in text
    for name in ("curves", "detections", "assignments"):
        assert (out / f"{name}.png").is_file()
    again = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert again.returncode == 0 and again.stdout.count("already trained") == 2
    assert again.stdout.count("already tested") == 2
