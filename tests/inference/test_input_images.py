import json

import pytest

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
