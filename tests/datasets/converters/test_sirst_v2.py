import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from adla.datasets.converters import convert_sirst_v2
from adla.datasets.converters.coco_json import write_all
from adla.datasets.converters.images import mask_extents

from ..conftest import write_sample
from .damage import check_damages, damage_text, result_or_message, thorough


def convert(root, out, **kwargs):
    return convert_sirst_v2(root, out, progress=False, **kwargs)


def load(out, split):
    return json.loads((out / "annotations" / f"{split}.json").read_text())


def xml(root, stem):
    return root / "annotations" / "bboxes" / f"{stem}.xml"


def declare(root, stem, encoding):
    text = xml(root, stem).read_text()
    xml(root, stem).write_text(f'<?xml version="1.0" encoding="{encoding}"?>{text}')


def edit_xml(root, stem, old, new):
    text = xml(root, stem).read_text()
    assert old in text
    xml(root, stem).write_text(text.replace(old, new, 1))


def test_boxes_ids_and_negatives(toy_root, tmp_path):
    report = convert(toy_root, tmp_path / "out")
    train = load(tmp_path / "out", "train")
    # Sorted by name, numbered from 1; the background b has an <object> without box and stays.
    assert [(i["id"], i["file_name"]) for i in train["images"]] == [(1, "a.png"), (2, "b.png")]
    assert train["images"][0]["width"] == 40 and train["images"][0]["height"] == 30
    assert train["categories"] == [{"id": 1, "name": "Target"}]
    # 1-based with exclusive maximum: (3, 4, 8, 10) covers columns 2..6 and rows 3..8, 5 x 6 px.
    assert [(a["id"], a["image_id"], a["bbox"], a["area"]) for a in train["annotations"]] == [
        (1, 1, [2.0, 3.0, 5.0, 6.0], 30.0),
        (2, 1, [20.0, 10.0, 2.0, 3.0], 6.0),
    ]
    assert report.splits["train"]["images"] == 2
    assert report.splits["train"]["empty"] == 1
    assert report.splits["train"]["boxes"] == 2
    assert report.splits["train"]["max"] == pytest.approx(30**0.5)
    assert (report.skipped, report.contradictions, report.mended) == ({}, {}, [])


def test_box_up_to_the_border_is_inside(toy_root, tmp_path):
    convert(toy_root, tmp_path / "out", splits=["val"])
    assert load(tmp_path / "out", "val")["annotations"][0]["bbox"] == [0.0, 0.0, 40.0, 30.0]
    assert not (tmp_path / "out" / "annotations" / "train.json").exists()


def test_images_are_linked_copied_or_in_place(toy_root, tmp_path):
    convert(toy_root, tmp_path / "linked")
    assert (tmp_path / "linked" / "mixed").is_symlink()
    assert (tmp_path / "linked" / "mixed").samefile(toy_root / "mixed")

    convert(toy_root, tmp_path / "copied", splits=["train"], copy=True)
    copied = tmp_path / "copied" / "mixed"
    assert not copied.is_symlink()
    assert sorted(p.name for p in copied.iterdir()) == ["a.png", "b.png"]

    convert(toy_root, toy_root)
    assert not (toy_root / "mixed").is_symlink()
    assert load(toy_root, "train")["annotations"]


def test_second_conversion_gives_the_same(toy_root, tmp_path):
    convert(toy_root, tmp_path / "out")
    first = load(tmp_path / "out", "train")
    convert(toy_root, tmp_path / "out")
    assert load(tmp_path / "out", "train") == first
    assert sorted(p.name for p in (tmp_path / "out" / "annotations").iterdir()) == [
        "train.json",
        "val.json",
    ]


def test_other_images_in_the_way(toy_root, tmp_path):
    (tmp_path / "out" / "mixed").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="--copy"):
        convert(toy_root, tmp_path / "out")
    assert not (tmp_path / "out" / "annotations").exists()


def test_contradiction_is_reported_and_mended_on_request(toy_root, tmp_path):
    edit_xml(toy_root, "Misc_111", "<xmin>1<", "<xmin>31<")
    edit_xml(toy_root, "a", "<xmin>3<", "<xmin>5<")
    report = convert(toy_root, tmp_path / "out")
    assert sorted(report.contradictions) == ["Misc_111", "a"] and report.mended == []
    assert load(tmp_path / "out", "val")["annotations"][0]["bbox"] == [30.0, 0.0, 10.0, 30.0]

    report = convert(toy_root, tmp_path / "out", fix_known=True)
    # Only the known error is mended, a is still as published.
    assert sorted(report.contradictions) == ["Misc_111", "a"] and report.mended == ["Misc_111"]
    assert load(tmp_path / "out", "val")["annotations"][0]["bbox"] == [0.0, 0.0, 40.0, 30.0]
    assert load(tmp_path / "out", "train")["annotations"][0]["bbox"] == [4.0, 3.0, 3.0, 6.0]


def test_target_in_the_mask_but_no_box_is_reported(toy_root, tmp_path):
    mask = toy_root / "annotations" / "masks" / "b_pixels0.png"
    array = np.array(Image.open(mask))
    array[5:8, 9:13] = 255
    Image.fromarray(array).save(mask)
    report = convert(toy_root, tmp_path / "out")
    assert "(9.0, 5.0, 4.0, 3.0)" in report.contradictions["b"]


def test_masks_are_needed_only_to_mend(toy_root, tmp_path):
    for mask in (toy_root / "annotations" / "masks").iterdir():
        mask.unlink()
    assert convert(toy_root, tmp_path / "out").contradictions == {}
    with pytest.raises(ValueError, match=r"Misc_111_pixels0\.png: absent, needed to mend"):
        convert(toy_root, tmp_path / "out", fix_known=True)


def truncate(path):
    path.write_bytes(path.read_bytes()[:60])


BREAKAGES = {
    "annotations/bboxes/a.xml: absent": lambda r: xml(r, "a").unlink(),
    "annotations/bboxes/a.xml: broken XML": lambda r: edit_xml(r, "a", "</object>", ""),
    "a.xml: broken XML .*encoding: no-such": lambda r: declare(r, "a", "no-such"),
    "a.xml: broken XML .*multi-byte": lambda r: declare(r, "a", "utf-7"),
    "annotations/bboxes/a.xml: unknown class 'Ship'": lambda r: edit_xml(r, "a", "Target", "Ship"),
    "annotations/bboxes/b.xml: unknown class 'Cat'": lambda r: edit_xml(r, "b", "Target", "Cat"),
    "annotations/bboxes/a.xml: box .* leaves the image": lambda r: edit_xml(r, "a", ">23<", ">42<"),
    "annotations/bboxes/a.xml: box .* leaves": lambda r: edit_xml(r, "a", "<xmin>3<", "<xmin>0<"),
    "annotations/bboxes/a.xml: box .* no width": lambda r: edit_xml(r, "a", "<xmax>8<", "<xmax>3<"),
    "annotations/bboxes/a.xml: box .* not four": lambda r: edit_xml(r, "a", ">10<", ">ten<"),
    "annotations/bboxes/a.xml: box .* four numbers": lambda r: edit_xml(
        r, "a", "<ymax>10</ymax>", ""
    ),
    "annotations/bboxes/a.xml: size .* but the image is": lambda r: edit_xml(
        r, "a", ">40<", ">41<"
    ),
    "mixed/a.png: not a whole image": lambda r: truncate(r / "mixed" / "a.png"),
    "masks/a_pixels0.png: not a whole image": lambda r: truncate(
        r / "annotations" / "masks" / "a_pixels0.png"
    ),
    "splits/train.txt: a is named more than once": lambda r: (
        r / "splits" / "train.txt"
    ).write_text("a\nb\na\n"),
    "splits/train.txt: names no image": lambda r: (r / "splits" / "train.txt").write_text("\n"),
}


@pytest.mark.parametrize("message", BREAKAGES)
def test_wrong_data_is_named_and_nothing_written(toy_root, tmp_path, message):
    BREAKAGES[message](toy_root)
    with pytest.raises(ValueError, match=message):
        convert(toy_root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_all_problems_come_in_one_message(toy_root, tmp_path):
    (toy_root / "mixed" / "a.png").unlink()
    xml(toy_root, "b").unlink()
    edit_xml(toy_root, "Misc_111", "Target", "Ship")
    with pytest.raises(ValueError) as error:
        convert(toy_root, tmp_path / "out", splits=["train", "val", "test"])
    message = str(error.value)
    assert message.startswith("4 problem(s)")
    for part in (
        "mixed/a.png: absent, named in splits/train.txt",
        "splits/test.txt: no such split; there are train, val",
        "annotations/bboxes/b.xml: absent",
        "annotations/bboxes/Misc_111.xml: unknown class",
    ):
        assert part in message


def test_split_file_that_is_no_text(toy_root, tmp_path):
    (toy_root / "splits" / "train.txt").write_bytes(b"a\xff")
    with pytest.raises(ValueError, match=r"splits/train\.txt: not a text file"):
        convert(toy_root, tmp_path / "out")


def test_long_lists_are_cut(toy_root, tmp_path):
    (toy_root / "splits" / "val.txt").write_text("\n".join(f"x{i:02d}" for i in range(25)))
    with pytest.raises(ValueError) as error:
        convert(toy_root, tmp_path / "out", splits=["val"])
    lines = str(error.value).splitlines()
    assert len(lines) == 22 and lines[-1].strip() == "... and 5 more"


def test_by_default_splits_without_all_images_are_skipped(toy_root, tmp_path):
    (toy_root / "mixed" / "Misc_111.png").unlink()
    report = convert(toy_root, tmp_path / "out")
    assert list(report.splits) == ["train"]
    assert report.skipped == {"val": "1 of 1 images absent, first Misc_111.png"}

    (toy_root / "mixed" / "a.png").unlink()
    with pytest.raises(ValueError, match="no split has all its images"):
        convert(toy_root, tmp_path / "none")


def test_wrong_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="not a SIRST-V2 root: no folder mixed"):
        convert(tmp_path, tmp_path / "out")


def test_write_all_leaves_nothing_of_a_failed_write(tmp_path):
    old = tmp_path / "a.json"
    old.write_text("old")
    with pytest.raises(TypeError):
        write_all({old: {"x": 1}, tmp_path / "b.json": {"x": object()}})
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"] and old.read_text() == "old"


def test_mask_extents_joins_diagonal_neighbors(tmp_path):
    mask = np.zeros((6, 9), np.uint8)
    mask[0, 0] = mask[1, 1] = mask[4, 5:9] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    assert mask_extents(tmp_path / "m.png") == [(0, 0, 2, 2), (5, 4, 4, 1)]


def test_command(toy_root, tmp_path, adla_command):
    edit_xml(toy_root, "Misc_111", "<xmin>1<", "<xmin>31<")
    out = tmp_path / "out"
    command = ("convert", "sirst-v2", toy_root, out)
    code, printed, _ = adla_command(*command, "--fix-known", "--copy", "--splits", "val")
    printed = " ".join(printed.split())
    assert code == 0 and "Misc_111 contradicts its mask (mended from the mask)" in printed
    assert load(out, "val")["annotations"][0]["bbox"] == [0.0, 0.0, 40.0, 30.0]
    assert [path.name for path in (out / "mixed").iterdir()] == ["Misc_111.png"]

    code, _, err = adla_command(*command, "--splits", "none")
    assert code == 2 and err.startswith("adla convert sirst-v2: 1 problem(s) in ")
    assert "no such split" in err


EXPECTED = {
    "train_full": (512, 255, 318),
    "val_full": (256, 124, 180),
    "trainval_full": (768, 379, 498),
}


@pytest.fixture(scope="module")
def real(sirst_v2_root, tmp_path_factory):
    out = tmp_path_factory.mktemp("sirst-v2")
    return out, convert(sirst_v2_root, out, splits=list(EXPECTED))


def test_real_counts(real):
    _, report = real
    counts = {s: (r["images"], r["empty"], r["boxes"]) for s, r in report.splits.items()}
    assert counts == EXPECTED


def test_every_real_box_has_the_extents_of_its_mask(real, sirst_v2_root):
    out, report = real
    coco = load(out, "trainval_full")
    boxes = {image["id"]: [] for image in coco["images"]}
    for ann in coco["annotations"]:
        boxes[ann["image_id"]].append(tuple(ann["bbox"]))
    differing = []
    for image in coco["images"]:
        stem = image["file_name"].removesuffix(".png")
        mask = sirst_v2_root / "annotations" / "masks" / f"{stem}_pixels0.png"
        if sorted(mask_extents(mask)) != sorted(boxes[image["id"]]):
            differing.append(stem)
    assert differing == ["Misc_111"] == list(report.contradictions)


def test_real_images_of_every_mode_load(real):
    from mmdet.registry import TRANSFORMS

    out, _ = real
    coco = load(out, "trainval_full")
    load_image = TRANSFORMS.build({"type": "LoadImageFromFile"})
    seen = {}
    for image in coco["images"]:
        path = out / "mixed" / image["file_name"]
        with Image.open(path) as opened:
            seen.setdefault(opened.mode, (path, image))
    assert {"L", "P", "RGB", "RGBA"} <= set(seen)
    for path, image in seen.values():
        loaded = load_image({"img_path": str(path)})["img"]
        assert loaded.shape == (image["height"], image["width"], 3) and loaded.dtype == np.uint8


integer_box = st.tuples(
    st.integers(1, 39), st.integers(1, 29), st.integers(1, 10), st.integers(1, 10)
).map(lambda b: (b[0], b[1], min(b[0] + b[2], 41), min(b[1] + b[3], 31)))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("sirst")
    for folder in ("mixed", "annotations/bboxes", "annotations/masks", "splits"):
        (root / "src" / folder).mkdir(parents=True)
    write_sample(root / "src", "a", [(3, 4, 8, 10), (21, 11, 23, 14)])
    (root / "src" / "splits" / "train.txt").write_text("a")
    return root / "src", root / "out"


@pytest.mark.parametrize(
    ("name", "number"), [("annotations/bboxes/a.xml", 300), ("splits/train.txt", 50)]
)
def test_damaged_files(small, name, number):
    root, out = small
    sound = (root / name).read_text()

    def check(data):
        (root / name).write_bytes(data)
        if result_or_message(lambda: convert(root, out), out, name):
            for ann in load(out, "train")["annotations"]:
                x, y, w, h = ann["bbox"]
                assert 0 <= x < x + w <= 40 and 0 <= y < y + h <= 30

    check_damages(number, lambda rng: damage_text(sound, rng), check)
    (root / name).write_text(sound)


@thorough(50)
@given(boxes=st.lists(integer_box, max_size=4))
def test_round_trip(small, boxes):
    root, out = small
    write_sample(root, "a", boxes)
    convert(root, out)
    converted = [ann["bbox"] for ann in load(out, "train")["annotations"]]
    assert converted == [[a - 1, b - 1, c - a, d - b] for a, b, c, d in boxes]
