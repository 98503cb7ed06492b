import json
import runpy
import sys
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest

from adla.visualization import load_scalars, save_curves
from adla.visualization.curves import select_series


def write(work_dir, stamp, records, tail=""):
    folder = work_dir / stamp / "vis_data"
    folder.mkdir(parents=True)
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "scalars.json").write_text(lines + tail)


def test_a_resumed_run_is_one_series_and_a_torn_line_is_left_out(tmp_path):
    write(tmp_path, "20260101_000000", [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.5}], '{"st')
    write(tmp_path, "20260101_010000", [{"step": 2, "loss": 2.0}, {"step": 1, "tiny/AP": 0.1}])
    records = load_scalars(tmp_path)
    steps, losses = select_series(records, "loss")
    assert steps.tolist() == [1, 2] and losses.tolist() == [3.0, 2.0]
    assert select_series(records, "tiny/AP")[1].tolist() == [0.1]
    assert select_series(records, "nothing")[0].size == 0


def test_an_empty_work_directory_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        load_scalars(tmp_path)


def test_one_panel_per_scalar_that_is_there(tmp_path):
    records = [{"step": step, "loss": 1 / step} for step in range(1, 9)]
    with_ap = [*records, {"step": 1, "tiny/AP": 0.2}]
    one = cv2.imread(str(save_curves(tmp_path / "1.png", {"a": records})))
    two = cv2.imread(str(save_curves(tmp_path / "2.png", {"a": records, "b": with_ap})))
    assert two.shape[1] == pytest.approx(2 * one.shape[1], abs=2)
    assert np.ptp(one) > 200


def test_records_without_a_known_scalar_are_named(tmp_path):
    with pytest.raises(ValueError, match="none of loss in the records of a"):
        save_curves(tmp_path / "c.png", {"a": [{"step": 1, "time": 2.0}]}, {"loss": "loss"})


def test_the_tool_draws_what_trainings_logged(tmp_path, monkeypatch):
    tool = Path(__file__).parents[2] / "tools" / "analysis" / "draw_curves.py"
    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", [str(tool), *args])
        runpy.run_path(str(tool), run_name="__main__")

    write(tmp_path / "run", "1", [{"step": s, "loss": 1 / s, "acc": 0.5} for s in (1, 2, 3)])
    run("a=run", "--scalars", "loss", "acc", "--out", "a.png")
    assert mmcv.imread(tmp_path / "a.png").std() > 0
    for arguments, message in (
        (["run"], "runs are NAME=WORK_DIR"),
        (["a=elsewhere"], r"no .*scalars\.json in elsewhere"),
        (["a=run", "--scalars", "mAP"], "none of mAP"),
    ):
        with pytest.raises(SystemExit, match=message):
            run(*arguments)
