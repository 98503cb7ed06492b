"""Recorded runs: the tool that writes them, and those that come along."""

import runpy

import pytest

from adla.experiments.recorded import Recorded, read_recorded, recorded_file
from adla.experiments.results import collect
from adla.experiments.tables import load_tables

from ..config_utils import CONFIG_ROOT

TABLES = load_tables(CONFIG_ROOT / "paper_tables.yml")
FILES = sorted((CONFIG_ROOT / "measured").glob("*.csv"))
record = runpy.run_path(CONFIG_ROOT.parent / "tools/analysis/record_results.py")["record"]


def test_a_tested_run_takes_the_place_of_an_older_one(tested, tmp_path):
    configs = tmp_path / "configs"
    configs.mkdir()
    for path in CONFIG_ROOT.iterdir():
        if path.name != "measured":
            (configs / path.name).symlink_to(path)
    file = recorded_file(configs, "light")
    file.parent.mkdir()
    file.write_text("row,seed,commits,AP50\nat,0,def5678,31.4\nfixed,1,abc1234,20.5\n")
    (row,) = [row for row in TABLES["light"].rows if row.name == "at"]
    tested(row, 0, {f"tiny/{name}": 0.25 for name in TABLES["light"].columns} | {"tiny/AP_m": -1})
    said = record("light", tmp_path, configs)
    assert said == f"{file}: 2 runs, 1 of them from {tmp_path}"
    first, second = read_recorded(file)
    assert first == Recorded("fixed", 1, ("abc1234",), {"AP50": 20.5})
    assert (second.row, second.seed, second.commits) == ("at", 0, ("abc1234",))
    numbers = second.numbers
    assert (numbers["AP50"], numbers["AP_m"], numbers["pos_per_gt"]) == (25.0, None, 6.0)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_results_print_the_recorded_runs(file, tmp_path):
    printed = (CONFIG_ROOT.parent / "docs/results.md").read_text(encoding="utf-8")
    lines, problems = collect(TABLES[file.stem], tmp_path, {}, {}, CONFIG_ROOT)
    assert not problems
    recorded = [line for line in lines if line.state == "recorded"]
    assert len(recorded) == len(read_recorded(file))
    assert recorded
    for line in recorded:
        numbers = [f"{line.ours[name]:.1f}" for name in ("AP50", "AP", "AP25", "AP75", "AP_vt")]
        assert f"| {' | '.join(numbers)} |" in printed, (line.row.name, line.seed)
        parts = [f"{line.ours[f'oLRP_{name}']:.1f}" for name in ("FN", "FP", "Loc")]
        assert f"| {' | '.join(parts)} |" in printed, (line.row.name, line.seed)
