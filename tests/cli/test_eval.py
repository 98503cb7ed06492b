import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: An environment without mmdet and what else the command must not need.
WITHOUT = ["mmengine", "mmcv", "mmdet", "torch", "cv2", "scipy", "terminaltables", "tqdm", "PIL"]


def run(*args, hidden=WITHOUT):
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({hidden}));"
        f"from adla.cli.commands import run; sys.exit(run(['eval', *{list(map(str, args))!r}]))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two ships and a plane; one ship found exactly, a false alarm, the plane labeled a ship."""
    folder = tmp_path_factory.mktemp("eval")
    boxes = [(1, 1, [5, 5, 6, 6]), (1, 1, [50, 5, 12, 12]), (2, 2, [5, 5, 20, 20])]
    gt = {
        "images": [
            {"id": i, "file_name": f"{i}.png", "width": 99, "height": 99} for i in (1, 2, 3)
        ],
        "categories": [{"id": 1, "name": "ship"}, {"id": 2, "name": "plane"}],
        "annotations": [
            {"id": k, "image_id": i, "category_id": c, "bbox": b, "area": b[2] * b[3], "iscrowd": 0}
            for k, (i, c, b) in enumerate(boxes)
        ],
    }
    dt = [
        {"image_id": i, "category_id": 1, "bbox": box, "score": score}
        for i, box, score in [
            (1, [5, 5, 6, 6], 0.9), (1, [80, 80, 6, 6], 0.8), (2, [5, 5, 20, 20], 0.7)
        ]
    ]  # fmt: skip
    (folder / "gt.json").write_text(json.dumps(gt))
    (folder / "dt.json").write_text(json.dumps(dt))
    return folder


def test_everything_without_mmdet(files, tmp_path):
    result = run(
        files / "gt.json", files / "dt.json", "--classwise", "--tide", "--json",
        tmp_path / "o.json", "--curves", tmp_path / "curves",
        "--per-image", tmp_path / "images.csv",
        hidden=[name for name in WITHOUT if name != "PIL"],  # matplotlib needs it
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "note:" in result.stdout and "annotation with id 0" in result.stdout
    # Ship: one of two found, 51 of 101 recall points; plane 0.
    values = dict(re.findall(r"│ tiny/(\S+) +│ +(\S+)", result.stdout))
    assert float(values["AP"]) == pytest.approx(51 / 202, abs=5e-5)
    assert values["AP_vt"] == "1.0000" and values["AP_m"] == "none"
    assert re.search(r"│ plane +│ 0\.000", result.stdout)
    assert re.search(r"│ Cls +│ +0\.\d+ │ +1 │", result.stdout)
    written = json.loads((tmp_path / "o.json").read_text())
    assert written["metrics"]["AP"] == pytest.approx(51 / 202)
    assert written["classes"]["ship"]["AP50"] == pytest.approx(51 / 101)
    rows = list(csv.DictReader((tmp_path / "images.csv").open()))
    assert [row["file_name"] for row in rows] == ["2.png", "1.png"]
    assert [(row["tp"], row["fp"], row["fn"]) for row in rows] == [("0", "1", "1"), ("1", "1", "1")]
    assert sorted(p.name for p in (tmp_path / "curves").iterdir()) == [
        "precision_recall.csv", "precision_recall.png",
    ]  # fmt: skip


def test_the_other_engine_and_limit(files):
    result = run(files / "gt.json", files / "dt.json", "--engine", "pycocotools", "--max-dets", 1)
    values = dict(re.findall(r"│ tiny/(\S+) +│ +(\S+)", result.stdout))
    assert result.returncode == 0 and values["AR@1"] == "0.2500"


def test_one_clear_message(files):
    result = run(files / "gt.json", files / "gt.json")
    assert result.returncode == 2
    assert re.fullmatch(
        r"adla eval: .*gt\.json: 3 of 3 entries have no 'score', .*\n", result.stderr
    )
