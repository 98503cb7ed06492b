"""Files and folders that are there whole or not at all."""

import os
import subprocess

import pytest

from adla.atomic_files import atomic_file, atomic_folder, atomic_paths


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
    assert not any(tmp_path.rglob("[!b]"))
    with atomic_paths(targets) as drafts:
        for number, draft in enumerate(drafts):
            draft.write_text(str(number))
    assert [target.read_text() for target in targets] == ["0", "1"]


def test_a_folder_is_whole_and_replaces_none(tmp_path):
    folder = tmp_path / "new" / "folder"
    with pytest.raises(KeyError), atomic_folder(folder) as draft:
        (draft / "half").touch()
        raise KeyError
    assert list(folder.parent.iterdir()) == []
    with atomic_folder(folder) as draft:
        (draft / "whole").touch()
    assert [file.name for file in folder.iterdir()] == ["whole"]
    with pytest.raises(FileExistsError, match="is there already"), atomic_folder(folder):
        pass
    folder.joinpath("whole").unlink()
    folder.rmdir()
    folder.symlink_to("nowhere")
    with pytest.raises(FileExistsError, match="is there already"), atomic_folder(folder):
        pass


def test_drafts_of_killed_processes_go_with_the_next_write(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    abandoned = tmp_path / f".a.txt.{ended.pid}.tmp"
    of_another_file = tmp_path / f".b.txt.{ended.pid}.tmp"
    of_a_running_process = tmp_path / f".a.txt.{os.getppid()}.tmp"
    abandoned.mkdir()
    of_another_file.touch()
    of_a_running_process.touch()
    with atomic_file(tmp_path / "a.txt") as file:
        file.write("whole")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"a.txt", of_another_file.name, of_a_running_process.name}
