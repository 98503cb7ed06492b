import json
from pathlib import Path

import pytest

from adla.inference.earlier_outputs import record_pictures
from adla.inference.input_images import adopt_ids, find_images


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "a.TIF", "sub/c.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_is_searched_to_its_depths(folder):
    images = find_images([str(folder)])
    assert [(image.image_id, image.name) for image in images] == [
        (1, "a.TIF"), (2, "b.png"), (3, "sub/c.jpg"),
    ]  # fmt: skip
    assert images[2].path == folder / "sub/c.jpg"


def test_own_outputs_are_no_images(folder):
    assert [image.name for image in find_images([str(folder)], folder / "sub")] == [
        "a.TIF",
        "b.png",
    ]


def test_files_and_patterns_are_known_by_their_file_name_and_counted_once(folder):
    images = find_images([str(folder / "b.png"), str(folder / "**/*.jpg"), str(folder / "*.png")])
    assert sorted(image.name for image in images) == ["b.png", "c.jpg"]


def test_equal_names_are_told_apart_by_their_paths(folder):
    (folder / "sub/b.png").touch()
    images = find_images([str(folder / "b.png"), str(folder / "sub/b.png")])
    assert {image.name for image in images} == {f"{folder}/b.png", f"{folder}/sub/b.png"}


def test_a_name_with_brackets_is_a_name(folder):
    (folder / "x[1].png").touch()
    assert find_images([str(folder / "x[1].png")])[0].name == "x[1].png"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none.png", "no such image or folder: .*none.png"),
        ("*.webp", r"no file matches .*\*\.webp"),
        ("empty", "no image in the folder .*empty"),
    ],
)
def test_what_is_not_there_is_named(folder, given, message):
    (folder / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=message):
        find_images([str(folder / given)])


def test_ids_of_an_annotation_file(folder):
    images = find_images([str(folder)])
    coco = {
        "images": [
            {"id": 7 + k, "file_name": image.name, "width": 9, "height": 9}
            for k, image in enumerate(images)
        ],
        "annotations": [],
        "categories": [{"id": 9, "name": "ship"}, {"id": 4, "name": "car"}],
    }
    file = folder / "gt.json"
    file.write_text(json.dumps(coco))
    adopted, categories = adopt_ids(images, ["car", "ship"], file)
    assert [image.image_id for image in adopted] == [7, 8, 9] and categories == [4, 9]
    with pytest.raises(ValueError, match="lacks 1 classes, such as plane"):
        adopt_ids(images, ["car", "plane"], file)
    with pytest.raises(ValueError, match=r"1 of 3 images of .* not among .* as sub/c\.jpg: name"):
        adopt_ids(images[:2], ["car"], file)
    coco["images"].pop()
    file.write_text(json.dumps(coco))
    assert [image.name for image in adopt_ids(images, ["car"], file)[0]] == ["a.TIF", "b.png"]
    file.write_text("[]")
    with pytest.raises(ValueError, match=r"gt\.json"):
        adopt_ids(images, ["car"], file)


def write_coco(folder, names, categories=("ship",)):
    """An annotation file whose images are called so, with ids from 1."""
    coco = {
        "images": [
            {"id": k, "file_name": name, "width": 9, "height": 9} for k, name in enumerate(names, 1)
        ],
        "annotations": [],
        "categories": [{"id": k, "name": name} for k, name in enumerate(categories, 1)],
    }
    file = folder / "gt.json"
    file.write_text(json.dumps(coco))
    return file


@pytest.mark.parametrize("other", ["b.png", "./b.png", "sub//../b.png", "link.png"])
def test_one_file_under_two_ids_is_refused(folder, other):
    (folder / "link.png").symlink_to("b.png")
    images = find_images([str(folder)])
    with pytest.raises(
        ValueError, match=r"gt\.json: the image file '.*b\.png' is there 2 times, for"
    ):
        adopt_ids(images, ["ship"], write_coco(folder, ["a.TIF", "b.png", other]))


def test_two_categories_of_one_name_are_refused(folder):
    file = write_coco(folder, ["b.png"], ["ship", "car", "ship"])
    with pytest.raises(ValueError, match="the category 'ship' is there 2 times, for 1, 3"):
        adopt_ids(find_images([str(folder)]), ["ship"], file)


def test_names_of_an_annotation_file_are_paths_not_text(folder):
    (folder / "link.png").symlink_to("b.png")
    images = find_images([str(folder)])
    for name in ("./b.png", "sub/..//b.png", "link.png"):
        adopted, _ = adopt_ids(images, ["ship"], write_coco(folder, [name]))
        assert adopted[0].path.samefile(folder / "b.png") and adopted[0].name == name
    with pytest.raises(ValueError, match=r"such as B\.png: .*; there is b\.png, in other case"):
        adopt_ids(images, ["ship"], write_coco(folder, ["B.png"]))


def test_a_file_counts_once_however_it_is_reached(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "link.png").symlink_to("b.png")
    (folder / "other").symlink_to("sub", target_is_directory=True)
    inputs = ["b.png", "./sub/../b.png", str(folder / "b.png"), "link.png", ".", "other/c.jpg"]
    images = find_images(inputs)
    assert [(image.name, image.image_id) for image in images] == [
        ("b.png", 1), ("a.TIF", 2), ("sub/c.jpg", 3),
    ]  # fmt: skip


def test_pictures_of_earlier_runs_are_no_images(folder, monkeypatch):
    out = folder / "first"
    out.mkdir()
    for name in ("detections.png", "more.png", "drawn.png"):
        (out / name).touch()
    record_pictures(out, [out / "detections.png", out / "detections.json"])
    record_pictures(out, [out / "drawn.png"])
    names = {"a.TIF", "b.png", "sub/c.jpg", "first/more.png"}
    assert {image.name for image in find_images([str(folder)], folder / "second")} == names
    assert [image.name for image in find_images([str(out / "*.png")])] == ["more.png"]
    with pytest.raises(ValueError, match=r"drawn\.png is what an earlier prediction has written"):
        find_images([str(out / "drawn.png")])
    # A release that wrote no list is known by what lies beside.
    (out / ".predict_outputs").unlink()
    (out / "results.json").touch()
    found = {image.name for image in find_images([str(folder)])}
    assert found == names | {"first/drawn.png"}


def test_outputs_may_go_where_the_images_are(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "detections.png").touch()
    (folder / "detections.json").touch()
    for out in (".", str(folder), "sub/.."):
        names = [image.name for image in find_images([str(folder)], Path(out))]
        assert names == ["a.TIF", "b.png", "sub/c.jpg"]
    assert [image.name for image in find_images(["."], Path(folder / "sub"))] == ["a.TIF", "b.png"]
