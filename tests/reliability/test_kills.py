"""A few kills of every command; `python -m tests.reliability.kills` makes as many as one likes."""

import pytest

from .kills import MAKERS, Job, find_differences, kill_and_compare


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kills"), [("conversion", 3), ("prediction", 1), ("training", 2)])
def test_a_killed_command_ends_as_if_it_had_not_been_killed(tmp_path, name, kills):
    counts = kill_and_compare(MAKERS[name](tmp_path), tmp_path, kills, seed=1)
    assert counts["kills"] >= kills and counts["unequal"] == 0


def test_what_a_kill_leaves_is_seen(tmp_path):
    assert find_differences({"a": b"1", "b": b"2"}, {"a": b"1", "b": b"3", "c": b""}) == ["b", "c"]
    with pytest.raises(RuntimeError, match="nothing"):
        Job(lambda out: ["convert", "nothing", str(out)], lambda out: {}).finish(tmp_path / "out")
