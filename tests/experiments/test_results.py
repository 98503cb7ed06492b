import csv
import io
import json
import os
from dataclasses import replace

import pytest

from adla.evaluation.training_log import read_curve, read_means
from adla.experiments.complexity import Complexity, complexity_key
from adla.experiments.recorded import Recorded, recorded_file, render_recorded
from adla.experiments.report import render_csv, render_markdown
from adla.experiments.results import collect
from adla.experiments.run_config import digest, load_run_config

from ..config_utils import CONFIG_ROOT

FOLDER = "demo/retinanet_csp-nano_fpn-p2_light_scenes"


def cells(page: str, start: str) -> list[list[str]]:
    lines = [line for line in page.splitlines() if line.startswith(f"| {start} ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_paper_ours_and_difference(table, tested, tmp_path):
    fixed = table.rows[0]
    tested(fixed, 0, {"tiny/AP50": 0.4, "tiny/AP": 0.1, "tiny/AP75": 0.5})
    tested(fixed, 10, {"tiny/AP50": 0.3, "tiny/AP": -1})
    complexities = {complexity_key(fixed): Complexity(1.25, 2.5, 256)}
    lines, problems = collect(table, tmp_path, {}, complexities, CONFIG_ROOT)
    assert not problems
    page = render_markdown(table, lines)
    assert cells(page, "fixed") == [
        ["fixed", "fixed thresholds", "0", "31.3 -> 40.0 (+8.7)", "11.25 -> 10.0 (-1.2)", "6.0",
         "25.0", "1.2", "2.5", "tested", "abc1234", f"{FOLDER}/seed0"],
        ["fixed", "fixed thresholds", "10", "31.3 -> 30.0 (-1.3)", "11.25 -> -", "6.0",
         "25.0", "1.2", "2.5", "tested", "abc1234", f"{FOLDER}/seed10"],
        ["fixed", "fixed thresholds", "mean", "31.3 -> 35.0 (+3.7)", "11.25 ->", "6.0",
         "25.0", "1.2", "2.5", "mean of seeds 0, 10", "", ""],
    ]  # fmt: skip
    assert cells(page, "gamma")[0][3:] == ["20.0 ->", "9.0 ->", "", "", "", "", "not run", "", ""]
    assert cells(page, "fsanet")[0][-3] == "paper only"
    assert "- a remark\n- fsanet: not built" in page

    rows = list(csv.DictReader(io.StringIO(render_csv(lines))))
    assert len(rows) == len(lines) * 4
    first = rows[0]
    assert (first["column"], first["paper"], first["ours"], first["difference"]) == (
        "AP50", "31.3", "40.0", "8.7",
    )  # fmt: skip
    assert first["params_millions"] == "1.25" and first["work_dir"].endswith("seed0")
    assert first["commit"] == "abc1234" and rows[-1]["commit"] == ""
    assert rows[-1]["ours"] == rows[-1]["difference"] == rows[-1]["seed"] == ""


@pytest.mark.parametrize(
    ("metrics", "problem", "shown"),
    [
        ({"tiny/AP50": 0.4}, "T fixed (seed 0): its test gave no AP;", "11.25 -> ?"),
        ('{"tiny/AP50": 0.', "is torn", "11.25 -> ?"),
        ("[]", "its test gave no AP50, AP;", "11.25 -> ?"),
        ({"tiny/AP50": "high", "tiny/AP": 0.5}, "gave no AP50;", "11.25 -> 50.0 (+38.8)"),
    ],
)
def test_a_missing_number_is_named_and_not_made_up(
    table, tested, tmp_path, metrics, problem, shown
):
    tested(table.rows[0], 0, metrics)
    lines, problems = collect(table, tmp_path, {}, {}, CONFIG_ROOT)
    assert len(problems) == 1 and problem in problems[0]
    assert cells(render_markdown(table, lines), "fixed")[0][4] == shown


@pytest.fixture
def configs(tmp_path):
    """Return a folder `configs/` that has two recorded runs of the first row."""
    runs = [
        Recorded("fixed", 0, ("abc1234",), {"AP50": 25.0, "AP": 9.126, "AP50@2": None}),
        Recorded("fixed", 1, ("abc1234", "def5678"), {"AP50": 30.0, "AP": 10.0, "AP50@2": 4.0}),
    ]
    file = recorded_file(tmp_path, "T")
    file.parent.mkdir()
    file.write_text(render_recorded(runs))
    return tmp_path


def test_recorded_runs_fill_a_table_that_was_not_run(table, configs, tmp_path):
    runs = tmp_path / "runs"
    table = replace(table, curve="AP50")
    lines, problems = collect(table, runs, {}, {}, configs)
    assert not problems
    assert [row[2:] for row in cells(render_markdown(table, lines), "fixed")] == [
        ["0", "31.3 -> 25.0 (-6.3)", "11.25 -> 9.1 (-2.1)", "", "", "-", "", "", "recorded",
         "abc1234", f"{FOLDER}/seed0"],
        ["1", "31.3 -> 30.0 (-1.3)", "11.25 -> 10.0 (-1.2)", "", "", "4.0", "", "", "recorded",
         "abc1234, def5678", f"{FOLDER}/seed1"],
        ["mean", "31.3 -> 27.5 (-3.8)", "11.25 -> 9.6 (-1.7)", "", "", "", "", "",
         "mean of seeds 0, 1", "", ""],
    ]  # fmt: skip
    assert next(csv.DictReader(io.StringIO(render_csv(lines))))["work_dir"] == ""
    options = {"model.x": 1}  # other options are other runs
    assert collect(table, runs, options, {}, configs)[0][0].state == "not run"


def test_a_run_of_ones_own_takes_the_place_of_a_recorded_one(table, tested, configs, tmp_path):
    tested(table.rows[0], 0, {"tiny/AP50": 0.4, "tiny/AP": 0.1})
    lines = collect(table, tmp_path, {}, {}, configs)[0]
    states = [(line.seed, line.state, line.ours["AP50"]) for line in lines[:3]]
    assert states[1] == ("1", "recorded", 30.0)
    assert states[0][::2] == ("0", 40.0) and states[0][1].startswith("tested")
    assert states[2] == ("mean", "mean of seeds 0, 1 (recorded)", 35.0)


def test_what_is_wrong_with_recorded_runs_is_named(table, configs, tmp_path):
    file = recorded_file(configs, "T")
    text = file.read_text()
    for wrong, said in (
        (text.replace("30,", "high,", 1), "T.csv, line 3: .*high"),
        (text.replace("seed", "sow"), "T.csv, line 2: .*seed"),
        (text + "fixed,2,abc1234,1,2,3,4\n", "T.csv, line 4"),
        (text.replace("fixed", "fix"), "table T has no row fix"),
    ):
        file.write_text(wrong)
        with pytest.raises(ValueError, match=said):
            collect(table, tmp_path, {}, {}, configs)


def test_a_torn_record_and_lost_files_are_named(table, tested, tmp_path):
    run = tested(table.rows[0], 0, {"tiny/AP50": 0.4, "tiny/AP": 0.1})
    for file in run.work_dir.glob("*/vis_data/scalars.json"):
        file.unlink()
    for file in (run.work_dir / "test").glob("*/*.json"):
        file.unlink()
    problems = collect(table, tmp_path, {}, {}, CONFIG_ROOT)[1]
    assert [("no metric file" in p, "no */vis_data/scalars.json" in p) for p in problems] == [
        (True, False), (False, True),
    ]  # fmt: skip
    run.record_file.write_text("{")
    lines, problems = collect(table, tmp_path, {}, {}, CONFIG_ROOT)
    assert lines[0].state == "unreadable" and "cannot be read" in problems[0]


def test_numbers_of_a_config_that_has_changed_since_say_so(table, tested, tmp_path):
    run = tested(table.rows[0], 0, {"tiny/AP50": 0.4, "tiny/AP": 0.1})
    record = json.loads(run.record_file.read_text())
    for content, state in (
        ("another", "tested, config changed since"),
        (digest(load_run_config(CONFIG_ROOT, run)), "tested"),
    ):
        run.record_file.write_text(json.dumps(record | {"digest": content}))
        os.utime(run.record_file, (0, 0))  # older than the config's files
        assert collect(table, tmp_path, {}, {}, CONFIG_ROOT)[0][0].state == state


def test_a_run_that_was_moved_away_is_left_alone(table, tested, tmp_path):
    run = tested(table.rows[0], 0, {"tiny/AP50": 0.4, "tiny/AP": 0.1})
    run.work_dir.rename(run.work_dir.with_name("seed0.old"))
    lines, problems = collect(table, tmp_path, {}, {}, CONFIG_ROOT)
    assert lines[0].state == "not run" and not problems


def test_a_broken_line_of_the_training_is_named(table, tested, tmp_path):
    run = tested(table.rows[0], 0, {"tiny/AP50": 0.4, "tiny/AP": 0.1})
    (file,) = run.work_dir.glob("*/vis_data/scalars.json")
    file.write_text('{"pos_per_gt": 1.0}\n')
    (problem,) = collect(table, tmp_path, {}, {}, CONFIG_ROOT)[1]
    assert f"{file} has a broken line (KeyError('step'))" in problem


def test_the_course_of_a_metric_over_the_epochs(table, tested, tmp_path):
    table = replace(table, curve="AP50")
    run = tested(table.rows[0], 0, {"tiny/AP50": 0.4, "tiny/AP": 0.1})
    (scalars,) = run.work_dir.glob("*/vis_data/scalars.json")
    with scalars.open("a") as file:
        for epoch, value in ((2, 0.125), (10, 0.25), (12, -1)):
            file.write(json.dumps({"step": epoch, "tiny/AP50": value}) + "\n")
    tested(table.rows[0], 1, {"tiny/AP50": 0.2, "tiny/AP": 0.1})  # evaluated at no epoch
    assert read_curve(run.work_dir, "tiny/AP50") == {2: 12.5, 10: 25.0, 12: None}
    lines, problems = collect(table, tmp_path, {}, {}, CONFIG_ROOT)
    assert not problems
    page = render_markdown(table, lines)
    head = [cell.strip() for cell in page.splitlines()[2].strip("|").split("|")]
    assert head[-8:-5] == ["AP50@2", "AP50@10", "AP50@12"]
    assert [row[-8:-5] for row in cells(page, "fixed")] == [
        ["12.5", "25.0", "-"],
        ["?"] * 3,
        [""] * 3,
    ]
    columns = [row["column"] for row in csv.DictReader(io.StringIO(render_csv(lines)))]
    assert columns[4:7] == ["AP50@2", "AP50@10", "AP50@12"] and columns.count("AP50@2") == 1


def test_a_resumed_training_repeats_steps(table, tested):
    run = tested(table.rows[0], 0, {})
    again = run.work_dir / "20260102_000000/vis_data/scalars.json"
    again.parent.mkdir(parents=True)
    again.write_text('{"step": 3, "pos_per_gt": 10.0}\n{"step": 4, "pos_per_gt": 1.0}\n{"step"')
    means = read_means(run.work_dir, ("pos_per_gt", "unassigned_gts", "never"))
    assert means == {"pos_per_gt": 5.0, "unassigned_gts": 25.0, "never": None}
    for file in run.work_dir.glob("*/vis_data/scalars.json"):
        file.write_text('{"step": 1, "loss": 2.0}\n')
    with pytest.raises(ValueError, match="ran without AssignStatsHook"):
        read_means(run.work_dir, ("pos_per_gt",))
