import os

import pytest

from adla.datasets.image_identity import (
    describe_repeated_images,
    file_identity,
    leaves_folder,
    repeated_files,
    unique_map,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "b.png", "A.png"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "linked").symlink_to("sub", target_is_directory=True)
    (tmp_path / "sub/c.png").touch()
    os.link(tmp_path / "a.png", tmp_path / "hard.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_spellings_of_one_file_are_equal_and_files_are_not(folder):
    spellings = ("a.png", "./a.png", ".//a.png", "sub/../a.png", folder / "a.png", "link.png")
    assert len({file_identity(path) for path in spellings}) == 1
    assert file_identity("linked/c.png") == file_identity("sub/c.png")
    others = ("a.png", "b.png", "A.png", "hard.png", "sub/c.png", "none.png", "no\0ne.png")
    assert len({file_identity(path) for path in others}) == len(others)
    assert file_identity("none.png") == file_identity(folder / "sub/../none.png")
    assert file_identity("x" * 5000) != file_identity("y" * 5000)


def test_repeated_files_are_named_with_their_spellings(folder):
    names = ["a.png", "b.png", "./a.png", "a.png", "link.png", "none.png"]
    assert repeated_files(names, folder) == ["file 'a.png': 4 times, also as './a.png', 'link.png'"]
    assert repeated_files(["none.png", "none.png"], folder) == ["file 'none.png': 2 times"]
    assert repeated_files(["a.png", "A.png", "hard.png"], folder) == []


def images(*names):
    return [{"id": number, "file_name": name} for number, name in enumerate(names, 1)]


def test_images_of_one_file_are_named_with_their_ids_and_no_file_is_looked_at(folder):
    assert describe_repeated_images([]) is None and describe_repeated_images(images("", "")) is None
    assert describe_repeated_images(images("a.png", "A.png", "link.png", "sub/a.png")) is None
    text = describe_repeated_images(images("a.png", "./a.png"))
    assert "1 image file is listed under several ids: 'a.png' under 1 and 2 ('./a.png')" in text
    text = describe_repeated_images(images("b.png", "no.png", "b.png", "x/../no.png", "b.png"))
    assert "2 image files are listed under several ids, such as 'b.png' under 1, 3 and 5" in text


@pytest.mark.parametrize(
    "name", ["/etc/a.png", "../a.png", "sub/../../a.png", "..\\a.png", "C:\\a.png", "a/../../../b"]
)
def test_names_that_leave_their_folder(name):
    assert leaves_folder(name)


@pytest.mark.parametrize("name", ["a.png", "./a.png", "sub/../a.png", "..a.png", "a/..b/c.png"])
def test_names_that_stay(name):
    assert not leaves_folder(name)


def test_a_dictionary_that_would_lose_an_entry_is_refused():
    assert unique_map([("a", 1), ("b", 1)], "the name", "x.json") == {"a": 1, "b": 1}
    pairs = [("a", 1), ("b", 1), ("a", 2), ("a", 3), ("a", 4), ("b", 7)]
    with pytest.raises(
        ValueError, match=r"x\.json: the name 'a' is there 4 times, for 1, 2, 3, \.\.\. \(2 such\)"
    ):
        unique_map(pairs, "the name", "x.json")
