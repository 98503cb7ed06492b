"""A command with --resume that has nothing to resume from."""

import pytest
import torch

from adla.cli.resume_or_start import start_from_load_from

START = 'load_from = "first.pth"\n'


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A config that starts from a checkpoint; its default work folder lies in the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "second.py").write_text(START)
    return "second.py"


def save(folder, name="epoch_1.pth"):
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"x": torch.ones(3)}, folder / name)


@pytest.mark.parametrize(
    "flags", [[], ["--amp"], ["--work-dir", "w"], ["--cfg-options", "a=1", "b=2"]]
)
def test_the_first_call_starts_from_load_from(config, flags, capsys):
    assert start_from_load_from([config, "--resume", *flags]) == [config, *flags]
    assert "no checkpoint to resume from: starting from first.pth" in capsys.readouterr().out
    assert start_from_load_from(["--resume", *flags, "--launcher", "none", config])[0] != config


@pytest.mark.parametrize("resume", [["--resume", "auto"], ["--resume=auto"]])
def test_the_word_auto_means_the_same(config, resume):
    options = ["--cfg-options", "x=auto"]
    assert start_from_load_from([config, *options, *resume]) == [config, *options]


def test_later_calls_resume(config, tmp_path):
    save(tmp_path / "work_dirs/second")
    words = [config, "--resume"]
    assert start_from_load_from(words) == words
    assert start_from_load_from([*words, "--work-dir", "other"]) == [config, "--work-dir", "other"]
    save(tmp_path / "other")
    assert start_from_load_from([*words, "--work-dir", "other"])[:2] == words


def test_a_damaged_checkpoint_alone_is_none(config, tmp_path):
    save(tmp_path / "work_dirs/second")
    path = tmp_path / "work_dirs/second/epoch_1.pth"
    path.write_bytes(path.read_bytes()[:100])
    assert start_from_load_from([config, "--resume"]) == [config]


def test_load_from_may_come_from_an_option_and_the_work_folder_from_the_config(tmp_path):
    path = tmp_path / "plain.py"
    path.write_text(f'work_dir = "{tmp_path}/here"\n')
    words = [str(path), "--resume"]
    assert start_from_load_from(words) == words
    options = ["--cfg-options", "load_from=first.pth"]
    assert start_from_load_from([*words, *options]) == [str(path), *options]
    save(tmp_path / "here")
    assert start_from_load_from([*words, *options]) == [*words, *options]


@pytest.mark.parametrize(
    "words", [["second.py", "--resume", "mine.pth"], ["second.py"], ["nowhere.py", "--resume"], []]
)
def test_all_else_is_mmdets(config, words):
    assert start_from_load_from(words) == words
