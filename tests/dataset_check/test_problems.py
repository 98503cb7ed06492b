import io
import json

import pytest
from PIL import Image

from adla.dataset_check.network_view import eyes_of
from adla.dataset_check.problem_kinds import KINDS
from adla.dataset_check.problems import shared_images

from .toy import CLASSES, inspect_toy, toy_coco, toy_source, write_toy


def problems_of(root, **options) -> dict[str, list[str]]:
    return {problem.kind: problem.items for problem in inspect_toy(root, **options).problems}


def cut(kind: str) -> bytes:
    """An image file that breaks off in its middle."""
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 50).save(buffer, kind)
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


def test_a_sound_set_has_no_problem(tmp_path):
    write_toy(tmp_path)
    assert problems_of(tmp_path) == {}


def test_all_missing_files_are_named_not_the_first(tmp_path):
    write_toy(tmp_path)
    (tmp_path / "images/1.png").unlink()
    (tmp_path / "images/3.png").unlink()
    missing = [str(tmp_path / f"images/{i}.png") for i in (1, 3)]
    assert problems_of(tmp_path) == {"missing-image": missing}


def flipped_bit() -> bytes:
    """A PNG whose last pixels are damaged."""
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 50).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    content[-40] ^= 4
    return bytes(content)


def wrong_checksum() -> bytes:
    """A PNG of which only the checksum is wrong: OpenCV, which loads images, refuses it."""
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 50).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    content[content.index(b"IEND") - 5] ^= 4
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [cut("PNG"), cut("JPEG"), cut("BMP"), flipped_bit(), wrong_checksum(), b"", b"<html>404"],
    ids=["cut PNG", "cut JPEG", "cut BMP", "damaged PNG", "checksum", "empty", "no image"],
)
def test_an_unreadable_file_is_found(tmp_path, content):
    write_toy(tmp_path)
    (tmp_path / "images/2.png").write_bytes(content)
    found = problems_of(tmp_path)
    assert list(found) == ["unreadable-image"]
    assert len(found["unreadable-image"]) == 1 and "2.png: " in found["unreadable-image"][0]


def test_a_folder_in_the_place_of_an_image_is_missing(tmp_path):
    write_toy(tmp_path)
    (tmp_path / "images/2.png").unlink()
    (tmp_path / "images/2.png").mkdir()
    assert list(problems_of(tmp_path)) == ["missing-image"]


def image(coco, number=0, **fields):
    coco["images"][number].update(fields)


def ann(coco, number=0, **fields):
    coco["annotations"][number].update(fields)


def box(coco, *values, number=0):
    ann(coco, number, bbox=list(values), area=values[2] * values[3])


#: Kind -> what plants it, and a part of the place that must be named.
PLANTED = {
    "image-size": (lambda c: image(c, width=65), "64 x 48 px, annotated 65 x 48"),
    "repeated-image-id": (lambda c: image(c, 1, id=1), "image id 1: 2 times"),
    "repeated-annotation-id": (lambda c: ann(c, id=2), "annotation id 2: 2 times"),
    "repeated-category": (
        lambda c: c["categories"].append(dict(id=3, name="ship")),
        "category 'ship': 2 times",
    ),
    "dangling-annotation": (lambda c: ann(c, image_id=9), "annotation 1: image id 9"),
    "unknown-category": (lambda c: ann(c, category_id=7), "annotation 1: category id 7"),
    "class-without-category": (lambda c: c["categories"].pop(), "'car'; the file has ['ship']"),
    "box-without-area": (lambda c: box(c, 4, 5, 0, 3), "annotation 1 in 1.png: [4, 5, 0, 3]"),
    "box-vanishes": (lambda c: box(c, 40, 5, 1e-6, 3), "annotation 1 in 1.png: [40, 5, 1e-06, 3]"),
    "box-outside": (lambda c: box(c, 64, 5, 6, 3), "annotation 1 in 1.png: [64, 5, 6, 3]"),
    "box-over-the-edge": (lambda c: box(c, 62, 5, 6, 3), "annotation 1 in 1.png: [62, 5, 6, 3]"),
    "repeated-file": (lambda c: image(c, 1, file_name="1.png"), "file '1.png': 2 times"),
    "outside-folder": (
        lambda c: image(c, 1, file_name="../images/2.png"),
        "'../images/2.png'",
    ),
    "category-left-out": (
        lambda c: (c["categories"].append(dict(id=3, name="bus")), ann(c, category_id=3)),
        "'bus': 1 objects",
    ),
    "class-without-object": (lambda c: ann(c, 1, category_id=1), "'car'"),
    "other-area": (lambda c: ann(c, area=28), "[4, 5, 6, 3]: area 28, w * h 18"),
    "annotation-id-0": (lambda c: ann(c, id=0), "annotation 0"),
    "image-id-0": (lambda c: image(c, 2, id=0), "image 0"),
    "duplicate-box": (
        lambda c: c["annotations"].append(dict(c["annotations"][0], id=4)),
        "annotation 4 in 1.png",
    ),
    "malformed-entry": (lambda c: c["annotations"][0].pop("bbox"), "annotation number 0 (id 1)"),
    "no-object": (lambda c: c["annotations"].clear(), "3 images and no box"),
}
#: Planted problems that bring others with them.
_COMPANIONS = {
    "repeated-image-id": {"does-not-load", "dangling-annotation"},
    "repeated-annotation-id": {"does-not-load"},
    "repeated-category": {"does-not-load"},
    "dangling-annotation": {"does-not-load"},
    "unknown-category": {"does-not-load"},
    "class-without-category": {"does-not-load", "unknown-category", "class-without-object"},
    "malformed-entry": {"does-not-load"},
    "no-object": {"class-without-object"},
    "outside-folder": {"does-not-load"},
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_problem_is_found_and_no_other(tmp_path, kind):
    plant, place = PLANTED[kind]
    coco = toy_coco()
    plant(coco)
    write_toy(tmp_path, coco)
    found = problems_of(tmp_path)
    assert place in "\n".join(found[kind])
    assert set(found) == {kind} | _COMPANIONS.get(kind, set())


@pytest.mark.parametrize("values", [(64 - 1e-6, 5, 6, 3), (4, -3, 6, 3 + 1e-9)])
def test_a_box_that_clipping_makes_vanish_is_an_error(tmp_path, values):
    coco = toy_coco()
    box(coco, *values)
    write_toy(tmp_path, coco)
    line = f"annotation 1 in 1.png: [{', '.join(f'{value:g}' for value in values)}]"
    assert problems_of(tmp_path) == {"box-vanishes": [line], "box-over-the-edge": [line]}


@pytest.mark.parametrize("name", ["./1.png", ".//1.png", "link.png"])
def test_a_file_under_two_spellings_is_found(tmp_path, name):
    coco = toy_coco()
    image(coco, 1, file_name=name)
    write_toy(tmp_path, coco)
    (tmp_path / "images/link.png").symlink_to("1.png")
    line = f"file '1.png': 2 times, also as {name!r}"
    assert problems_of(tmp_path) == {"repeated-file": [line]}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -3])
def test_a_number_that_is_no_side_is_found(tmp_path, bad):
    coco = toy_coco()
    ann(coco, bbox=[4, 5, bad, 3])
    write_toy(tmp_path, coco)
    assert "box-without-area" in problems_of(tmp_path)


@pytest.mark.parametrize(
    "entry",
    [None, 3, {}, {"id": 4, "image_id": 1, "category_id": 1, "bbox": [1, 2, "3", 4]},
     {"id": 4, "image_id": [1], "category_id": 1, "bbox": [1, 2, 3, 4]},
     {"id": 4, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 10**400]}],
)  # fmt: skip
def test_a_malformed_annotation_is_named_and_the_others_count(tmp_path, entry):
    coco = toy_coco()
    coco["annotations"].append(entry)
    write_toy(tmp_path, coco)
    inspection = inspect_toy(tmp_path)
    found = {problem.kind: problem.items for problem in inspection.problems}
    assert (
        len(found["malformed-entry"]) == 1 and "annotation number 3" in found["malformed-entry"][0]
    )
    assert inspection.sizes.count == 3


def test_a_box_may_leave_its_image_by_one_pixel(tmp_path):
    coco = toy_coco()
    box(coco, -1, 5, 6, 3)
    box(coco, 60, 40, 5, 9, number=2)
    write_toy(tmp_path, coco)
    assert problems_of(tmp_path) == {}


def test_crowds_and_ignored_are_no_objects(tmp_path):
    coco = toy_coco()
    ann(coco, 0, iscrowd=1)
    ann(coco, 2, ignore=1)
    write_toy(tmp_path, coco)
    inspection = inspect_toy(tmp_path)
    assert inspection.class_counts == {"ship": 0, "car": 1}
    assert {problem.kind for problem in inspection.problems} == {"class-without-object"}


def test_stock_dataset_mixes_labels_where_the_file_has_another_order(tmp_path):
    coco = toy_coco()
    coco["categories"].reverse()
    for category, key in zip(coco["categories"], (1, 2), strict=True):
        category["id"] = key
    write_toy(tmp_path, coco)
    assert "wrong-label" not in problems_of(tmp_path)
    wrong = problems_of(tmp_path, type="CocoDataset")["wrong-label"]
    assert len(wrong) == 2 and "category 'car' becomes 'ship'" in wrong[0]


def test_stock_dataset_drops_small_boxes(tmp_path):
    coco = toy_coco()
    box(coco, 4, 5, 0.8, 3)
    write_toy(tmp_path, coco)
    assert problems_of(tmp_path) == {}
    found = problems_of(tmp_path, type="CocoDataset")
    assert found == {"dropped-box": ["CocoDataset keeps 2 of 3 objects"]}


def test_a_set_that_does_not_load_says_why(tmp_path):
    coco = toy_coco()
    del coco["annotations"][0]["area"]
    write_toy(tmp_path, coco)
    assert problems_of(tmp_path, type="CocoDataset")["does-not-load"] == ["KeyError: 'area'"]


def test_every_kind_can_be_found():
    planted = {"missing-image", "unreadable-image", "wrong-label", "dropped-box", "does-not-load"}
    # Those of pixels are planted in test_loaded_pixels.py.
    pixels = {"unloadable-image", "lost-gray-levels", "more-than-8-bits", "hidden-bands"}
    assert set(KINDS) == {*PLANTED, *planted, *pixels, "shared-image"}


def test_images_of_training_and_measurement_are_compared(tmp_path):
    write_toy(tmp_path)
    train, val = toy_source(tmp_path), toy_source(tmp_path)
    val.splits = ["val"]
    files = [{tmp_path / "1.png", tmp_path / "2.png"}, {tmp_path / "2.png"}]
    problem = shared_images([train, val], files)
    assert problem.items == [f"{tmp_path / '2.png'}: train and val"]
    assert shared_images([train, val], [files[0], set()]) is None
    (tmp_path / "val").symlink_to("images", target_is_directory=True)
    files = [{tmp_path / "images/1.png"}, {tmp_path / "val/1.png"}]
    assert shared_images([train, val], files).items == [
        f"{tmp_path / 'images/1.png'}: train and val"
    ]


def test_items_go_to_json_whole(tmp_path):
    coco = toy_coco()
    for number in range(3):
        box(coco, 4, number, 0, 3, number=number)
    write_toy(tmp_path, coco)
    content = json.loads(json.dumps(inspect_toy(tmp_path).as_dict()["problems"]))
    problem = {entry["kind"]: entry for entry in content}["box-without-area"]
    assert problem["level"] == "error" and problem["count"] == len(problem["items"]) == 3


def test_classes_of_the_set_are_those_of_the_config(tmp_path):
    write_toy(tmp_path)
    assert inspect_toy(tmp_path).class_counts == dict(zip(CLASSES, (2, 1), strict=True))


@pytest.mark.parametrize(
    "change",
    [{"allowed_border": "x"}, {"assigner": {"t_pos_min": "x"}}],
)
def test_an_argument_of_the_head_that_is_none_is_one_message(tmp_path, change):
    write_toy(tmp_path)
    assigner = {"type": "AdaptiveDynamicAssigner", **change.pop("assigner", {})}
    generator = {"type": "AnchorGenerator", "scales": [2], "ratios": [1.0], "strides": [4]}
    head = {"type": "AdlaRetinaHead", "anchor_generator": generator}
    model = {"bbox_head": head, "train_cfg": {"assigner": assigner, **change}}
    with pytest.raises(ValueError, match="assigner of the model's head are not what they must be"):
        inspect_toy(tmp_path, eyes_of(model))
