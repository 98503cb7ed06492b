import numpy as np
import pytest

from adla.inference.resume_log import ResumeLog


def test_rows_come_back_as_they_were(tmp_path):
    resume_log, table = (
        ResumeLog(tmp_path / "journal", {"slice": 800}),
        np.arange(14.0).reshape(2, 7),
    )
    resume_log.write((3, 12), table)
    again = ResumeLog(tmp_path / "journal", {"slice": 800})
    assert (3, 12) in again and (3, 11) not in again
    assert np.array_equal(again.read((3, 12), lambda table: ""), table)
    again.discard()
    assert not (tmp_path / "journal").exists()


def test_only_its_own_files_are_discarded(tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    ResumeLog(tmp_path, {}).write((0, 0), np.zeros((1, 7)))
    ResumeLog(tmp_path, None).discard()
    assert [file.name for file in tmp_path.iterdir()] == ["diary.txt"]
    ResumeLog(tmp_path / "none", None).discard()


def test_other_settings_are_refused_by_name(tmp_path):
    ResumeLog(tmp_path, {"slice": 800, "bands": (1, 2, 3)})
    ResumeLog(tmp_path, {"slice": 800, "bands": (1, 2, 3)})
    with pytest.raises(ValueError, match=r"other settings \(slice, extra\).*--fresh"):
        ResumeLog(tmp_path, {"slice": 640, "bands": (1, 2, 3), "extra": 1})


def test_a_row_that_was_not_finished_does_not_count(tmp_path, monkeypatch):
    resume_log = ResumeLog(tmp_path, {})

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", die)
    with pytest.raises(KeyboardInterrupt):
        resume_log.write((0, 0), np.zeros((1, 7)))
    assert (0, 0) not in ResumeLog(tmp_path, {})
