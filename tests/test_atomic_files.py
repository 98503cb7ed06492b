"""Files and folders that are there whole or not at all."""

import os
import subprocess

import pytest

from adla.atomic_files import atomic_file, atomic_paths


@pytest.mark.parametrize(("mode", "content"), [("w", "\u00e4\r\n"), ("wb", b"\x00\n")])
@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_whole_or_not_at_all(tmp_path, mode, content, durable):
    path = tmp_path / "new" / "file"
    with atomic_file(path, mode, durable) as file:
        file.write(content)
        assert not path.exists()
    with pytest.raises(KeyError), atomic_file(path, mode, durable) as file:
        file.write(content[:1])
        raise KeyError
    written = content if mode == "wb" else content.encode("utf-8")
    assert path.read_bytes() == written and list(path.parent.iterdir()) == [path]


def test_several_files_wait_for_each_other(tmp_path):
    targets = [tmp_path / "a", tmp_path / "b" / "c"]
    with pytest.raises(KeyError), atomic_paths(targets) as drafts:
        drafts[0].write_text("done")
        raise KeyError
    assert not any(tmp_path.iterdir())
    with atomic_paths(targets) as drafts:
        for number, draft in enumerate(drafts):
            draft.write_text(str(number))
    assert [target.read_text() for target in targets] == ["0", "1"]


def test_a_folder_or_link_is_there_whole_or_not_at_all(tmp_path):
    folder, link = tmp_path / "new" / "folder", tmp_path / "new" / "link"

    def write(drafts):
        drafts[0].mkdir()
        (drafts[0] / "file").touch()
        drafts[1].symlink_to(tmp_path, target_is_directory=True)

    with pytest.raises(KeyError), atomic_paths([folder, link]) as drafts:
        write(drafts)
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with atomic_paths([folder, link]) as drafts:
        write(drafts)
    assert [file.name for file in folder.iterdir()] == ["file"] and link.samefile(tmp_path)
    assert sorted(folder.parent.iterdir()) == [folder, link]


@pytest.mark.parametrize("hard_links", [True, False])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_was_there_comes_back(tmp_path, monkeypatch, hard_links, error):
    """The third of four names cannot be given."""
    old, new, blocked, last = (tmp_path / name for name in ("old", "x/new", "blocked", "last"))
    replace = os.replace

    def refuse(source, target):
        if target == blocked:
            raise error
        replace(source, target)

    def no_link(*args, **kwargs):
        raise PermissionError

    old.write_text("before")
    blocked.symlink_to(old)
    last.write_text("last")
    monkeypatch.setattr(os, "replace", refuse)
    if not hard_links:
        monkeypatch.setattr(os, "link", no_link)
    with pytest.raises(error), atomic_paths([old, new, blocked, last]) as drafts:
        for draft in drafts:
            draft.write_text("after")
    assert sorted(tmp_path.iterdir()) == [blocked, last, old]
    assert old.read_text() == "before" and blocked.is_symlink() and last.read_text() == "last"


def test_drafts_of_killed_processes_go_with_the_next_write(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    abandoned = tmp_path / f".a.txt.{ended.pid}.tmp"
    former = tmp_path / f".a.txt.{ended.pid}.old"
    of_the_same_number = tmp_path / f".a.txt.{os.getpid()}.tmp"
    of_another_file = tmp_path / f".b.txt.{ended.pid}.tmp"
    of_a_running_process = tmp_path / f".a.txt.{os.getppid()}.tmp"
    abandoned.mkdir()
    former.touch()
    of_the_same_number.mkdir()
    of_another_file.touch()
    of_a_running_process.touch()
    with atomic_file(tmp_path / "a.txt") as file:
        file.write("whole")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"a.txt", of_another_file.name, of_a_running_process.name}
