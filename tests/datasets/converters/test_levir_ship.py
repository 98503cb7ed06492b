import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adla.datasets import LEVIRShipDataset
from adla.datasets.converters import convert_levir_ship
from adla.datasets.converters.coco_json import ImageRecord
from adla.datasets.converters.levir_ship import split_3_1_1

from .damage import (
    check_damages,
    damage_json,
    damage_text,
    files_below,
    result_or_message,
    thorough,
)
from .levir import HEIGHT, WIDTH, published_coco, write_coco, write_image, write_label, write_yolo

BOXES = [(3.25, 4.5, 9.75, 7.125), (20.0, 10.0, 5.5, 3.0)]
SPLITS = {
    "train": {"b": [], "a": BOXES, "c": None},
    "val": {"d": [(60.5, 40.25, 3.5, 7.75)]},
    "test": {"e": [(0.0, 0.0, 2.5, 2.5)]},
}
COCO_SPLITS = {s: {k: v or [] for k, v in images.items()} for s, images in SPLITS.items()}


@pytest.fixture
def yolo(tmp_path):
    return write_yolo(tmp_path / "yolo", SPLITS)


def convert(src, out, **kwargs):
    return convert_levir_ship(src, out, progress=False, **kwargs)


def load(out, split):
    return json.loads((out / "annotations" / f"{split}.json").read_text())


def boxes_of(coco):
    names = {image["id"]: Path(image["file_name"]).stem for image in coco["images"]}
    boxes = {name: [] for name in names.values()}
    for ann in coco["annotations"]:
        boxes[names[ann["image_id"]]].append(tuple(ann["bbox"]))
    return boxes


def test_yolo(yolo, tmp_path):
    report = convert(yolo, tmp_path / "out")
    train = load(tmp_path / "out", "train")
    assert [(i["id"], i["file_name"]) for i in train["images"]] == [
        (1, "train/a.png"),
        (2, "train/b.png"),
        (3, "train/c.png"),
    ]
    assert all((i["width"], i["height"]) == (WIDTH, HEIGHT) for i in train["images"])
    assert [ann["id"] for ann in train["annotations"]] == [1, 2]
    assert [ann["area"] for ann in train["annotations"]] == pytest.approx([9.75 * 7.125, 16.5])
    assert boxes_of(train) == {"a": [pytest.approx(b) for b in BOXES], "b": [], "c": []}
    assert train["categories"] == [{"id": 1, "name": "ship"}]
    assert "comparable_with_published" not in train["info"]
    assert report.layout == "yolo"
    assert report.splits["train"]["images"] == 3 and report.splits["train"]["empty"] == 2
    assert report.notes == [
        "train: 1 images have no label file and are taken as negatives",
        "5 images and 4 ships in all; published are 3896 and 3219",
    ]


def test_dataset_reads_the_result(yolo, tmp_path):
    convert(yolo, tmp_path / "out")
    dataset = LEVIRShipDataset(
        data_root=str(tmp_path / "out"),
        ann_file="annotations/train.json",
        data_prefix={"img": "images/"},
        pipeline=[{"type": "LoadImageFromFile"}],
    )
    assert len(dataset) == 3 and dataset[0]["img"].shape == (HEIGHT, WIDTH, 3)


def test_images_are_linked_copied_or_in_place(yolo, tmp_path):
    convert(yolo, tmp_path / "linked")
    assert (tmp_path / "linked" / "images" / "train").is_symlink()
    convert(yolo, tmp_path / "copied", copy=True)
    copied = tmp_path / "copied" / "images" / "train"
    assert not copied.is_symlink() and sorted(p.name for p in copied.iterdir()) == [
        "a.png",
        "b.png",
        "c.png",
    ]
    for _ in range(2):
        convert(yolo, yolo)
        image = yolo / "images" / load(yolo, "val")["images"][0]["file_name"]
        assert image.samefile(yolo / "val" / "images" / "d.png")
    (tmp_path / "other" / "images" / "val").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="--copy"):
        convert(yolo, tmp_path / "other")
    assert not (tmp_path / "other" / "annotations").exists()
    assert not (tmp_path / "other" / "images" / "train").exists()


def test_other_image_formats_and_validation_folder(tmp_path):
    root = write_yolo(tmp_path / "src", {"valid": {"a": BOXES}})
    (root / "valid" / "images" / "a.png").unlink()
    write_image(root / "valid" / "images" / "a.JPG")
    (root / "valid" / "images" / "Thumbs.db").write_text("x")
    report = convert(root, tmp_path / "out")
    assert [i["file_name"] for i in load(tmp_path / "out", "val")["images"]] == ["val/a.JPG"]
    assert report.notes == ["not there and not converted: train, test"]


def test_size_is_that_of_the_image(yolo, tmp_path):
    write_image(yolo / "test" / "images" / "e.png", (2 * WIDTH, 3 * HEIGHT))
    convert(yolo, tmp_path / "out")
    test = load(tmp_path / "out", "test")
    assert (test["images"][0]["width"], test["images"][0]["height"]) == (128, 144)
    assert test["annotations"][0]["bbox"] == pytest.approx([0, 0, 5, 7.5])


def test_rounded_labels_at_the_border_are_cut_there(yolo, tmp_path):
    write_label(yolo / "val" / "labels" / "d.txt", [(60.5, -0.25, 3.875, 8)])
    report = convert(yolo, tmp_path / "out")
    assert load(tmp_path / "out", "val")["annotations"][0]["bbox"] == [60.5, 0, 3.5, 7.75]
    assert "val: 1 boxes left their image by up to 0.38 px and were cut" in report.notes[1]
    write_label(yolo / "val" / "labels" / "d.txt", [(60.5, 0, 3.5 + 1e-4, 8)])
    assert not any("left their image" in note for note in convert(yolo, tmp_path / "out").notes)


def test_drenet_compat_cuts_to_whole_pixels(yolo, tmp_path):
    convert(yolo, tmp_path / "out", drenet_compat=True)
    for split, images in COCO_SPLITS.items():
        expected = boxes_of(published_coco(images))
        coco = load(tmp_path / "out", split)
        assert boxes_of(coco) == expected and coco["info"]["whole_pixels"] is True
        assert all(a["area"] == a["bbox"][2] * a["bbox"][3] for a in coco["annotations"])
        assert [a["id"] for a in coco["annotations"]] == [*range(1, len(coco["annotations"]) + 1)]


def test_coco_release_is_mended_and_its_faults_named(yolo, tmp_path):
    root = write_coco(tmp_path / "coco", COCO_SPLITS)
    report = convert(root, tmp_path / "out")
    convert(yolo, tmp_path / "cut", drenet_compat=True)
    for split in COCO_SPLITS:
        ours, cut = load(tmp_path / "out", split), load(tmp_path / "cut", split)
        assert ours["images"] == cut["images"] and ours["annotations"] == cut["annotations"]
    assert report.layout == "coco"
    notes = "\n".join(report.notes)
    assert "train: ids counted from 0; they count from 1 now" in notes
    assert "train: 2 of 2 areas were wrong, 2 of them (w + 1)(h + 1); now w * h" in notes
    assert "train: all boxes are whole pixels" in notes


def test_sound_coco_files_are_not_blamed(tmp_path):
    root = write_coco(tmp_path / "coco", {"train": {"a": [(1, 2, 3, 4)]}})
    path = root / "annotations" / "instances_train2017.json"
    coco = json.loads(path.read_text())
    coco["images"][0].update(id=7, file_name="D:\\data\\a.jpg")
    coco["annotations"][0].update(id=5, image_id=7, bbox=[1.5, 2, 3, 4], area=12)
    path.write_text(json.dumps(coco))
    report = convert(root, tmp_path / "out")
    assert report.notes == ["not there and not converted: val, test"]
    assert boxes_of(load(tmp_path / "out", "train")) == {"a": [(1.5, 2, 3, 4)]}
    write_image(root / "train2017" / "z.png")
    assert "train: 1 images of" in convert(root, tmp_path / "out").notes[0]


def test_zip_files(tmp_path):
    root = write_coco(tmp_path / "coco", COCO_SPLITS)
    for part in ("annotations", "train2017", "val2017", "test2017"):
        shutil.make_archive(str(tmp_path / part), "zip", root, part)
    archives = [tmp_path / f"{part}.zip" for part in ("annotations", "train2017", "val2017")]
    archives.append(tmp_path / "test2017.zip")
    convert(archives, tmp_path / "out")
    convert(root, tmp_path / "folder")
    assert load(tmp_path / "out", "train") == load(tmp_path / "folder", "train")
    assert files_below(tmp_path / "out" / "images")["test/e.png"]
    assert not list(tmp_path.glob(".unpacked*"))
    archives[0].write_bytes(archives[0].read_bytes()[:100])
    with pytest.raises(ValueError, match=r"annotations\.zip is neither a folder nor a whole zip"):
        convert(archives, tmp_path / "none")
    assert not (tmp_path / "none").exists() and not list(tmp_path.glob(".unpacked*"))


def test_damaged_file_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("train/labels/a.txt", "0 0.5 0.5 0.1 0.1\n" * 20)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[60] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.zip is neither"):
        convert(tmp_path / "a.zip", tmp_path / "out")


def write_whole(root, positive=11, negative=9):
    (root / "All_labels").mkdir(parents=True)
    for index in range(positive + negative):
        write_image(root / "All_images" / f"{index:02d}.png")
        boxes = [(1, 1, 5.5, 5)] if index < positive else []
        write_label(root / "All_labels" / f"{index:02d}.txt", boxes)
    return root


def test_unpartitioned_release_is_split_and_marked(tmp_path):
    root = write_whole(tmp_path / "src")
    report = convert(root, tmp_path / "out", seed=3)
    counts = {s: (r["images"], r["empty"]) for s, r in report.splits.items()}
    # Rounded down for train and val: 11 -> 6, 2, 3 and 9 -> 5, 1, 3.
    assert counts == {"train": (11, 5), "val": (3, 1), "test": (6, 3)}
    assert any("NOT comparable with published numbers" in note for note in report.notes)
    cocos = {s: load(tmp_path / "out", s) for s in counts}
    info = cocos["test"]["info"]
    assert info["comparable_with_published"] is False and info["seed"] == 3
    names = [image["file_name"] for coco in cocos.values() for image in coco["images"]]
    assert len(set(names)) == 20
    for coco in cocos.values():
        assert [i["file_name"] for i in coco["images"]] == sorted(
            i["file_name"] for i in coco["images"]
        )
    convert(root, tmp_path / "again", seed=3)
    convert(root, tmp_path / "other", seed=4)
    assert load(tmp_path / "again", "test") == cocos["test"]
    assert load(tmp_path / "other", "test")["images"] != cocos["test"]["images"]


def test_unpartitioned_in_place(tmp_path):
    root = write_whole(tmp_path / "src")
    (root / "All_images").rename(root / "images")
    (root / "All_labels").rename(root / "labels")
    for _ in range(2):
        convert(root, root)
        name = load(root, "test")["images"][0]["file_name"]
        assert (root / "images" / name).is_file() and "/" not in name
    assert len(list((root / "images").iterdir())) == 20


def test_published_counts_of_the_rule():
    records = [
        ImageRecord(f"{i:04d}.png", 512, 512, [(0, 0, 1, 1)] * (i < 1973)) for i in range(3896)
    ]
    parts = split_3_1_1(records, 0)
    assert [len(part) for part in parts.values()] == [2336, 778, 782]
    assert [sum(bool(r.boxes) for r in part) for part in parts.values()] == [1183, 394, 396]


BREAKAGES = {
    r"a\.txt, line 1: 'x' is not `0 xc yc w h`": ("train/labels/a.txt", "x"),
    r"a\.txt, line 2: class 1, but there is only 0": (
        "train/labels/a.txt",
        "0 .5 .5 .1 .1\n1 .5 .5 .1 .1",
    ),
    r"a\.txt, line 1: .* is not normalized": ("train/labels/a.txt", "0 32 24 5 5"),
    r"a\.txt, line 1: box .* has no width": ("train/labels/a.txt", "0 .5 .5 0 .1"),
    r"a\.txt, line 1: box .* leaves the image": ("train/labels/a.txt", "0 .99 .5 .2 .1"),
    r"a\.txt, line 1: .* is not `0 xc": ("train/labels/a.txt", "0 nan .5 .2 .1"),
    r"a\.txt, line 1: '0 0_1": ("train/labels/a.txt", "0 0_1 .5 .2 .1"),
    r"a\.txt: not a text file": ("train/labels/a.txt", "\udcff"),
    r"z\.txt: no image of that name": ("train/labels/z.txt", ""),
    r"d\.png: not a whole image": ("val/images/d.png", "PNG"),
    r"a\.jpg: a\.png|a\.png: a\.jpg has the same name": ("train/images/a.jpg", "JPG"),
}


@pytest.mark.parametrize("message", BREAKAGES)
def test_wrong_data_is_named_and_nothing_written(yolo, tmp_path, message):
    name, text = BREAKAGES[message]
    (yolo / name).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=message):
        convert(yolo, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_all_problems_come_in_one_message(yolo, tmp_path):
    (yolo / "train" / "labels" / "a.txt").write_text("0 1\n7 .5 .5 .1 .1")
    (yolo / "val" / "images" / "d.png").write_text("x")
    (yolo / "test" / "labels" / "y.txt").write_text("")
    with pytest.raises(ValueError) as error:
        convert(yolo, tmp_path / "out")
    assert str(error.value).startswith("4 problem(s) in ")
    for part in ("a.txt, line 1", "a.txt, line 2", "d.png", "d.txt: no image", "y.txt"):
        assert (part in str(error.value)) == (part != "d.txt: no image")


def test_coco_problems(tmp_path):
    root = write_coco(tmp_path / "coco", COCO_SPLITS)
    path = root / "annotations" / "instances_train2017.json"
    coco = json.loads(path.read_text())
    coco["images"][0]["width"] = 999
    coco["annotations"][0]["iscrowd"] = 1
    coco["annotations"][1]["bbox"] = [1, 1, 0, 5]
    coco["categories"][0]["name"] = "boat"
    path.write_text(json.dumps(coco))
    (root / "val2017" / "d.png").unlink()
    shutil.rmtree(root / "test2017")
    with pytest.raises(ValueError) as error:
        convert(root, tmp_path / "out")
    for part in (
        "categories ['boat']",
        "b is (999, 48) there, but the image is (64, 48)",
        "annotation 0 of a: is marked crowd",
        "annotation 1 of a: box (1, 1, 0, 5) has no width or height",
        "image d is not in",
        "val2017: no image in it",
        "instances_test2017.json: found no folder with its images",
    ):
        assert part in str(error.value)


def test_wrong_folder(tmp_path):
    (tmp_path / "src").mkdir()
    with pytest.raises(FileNotFoundError, match="no LEVIR-Ship layout in"):
        convert(tmp_path / "src", tmp_path / "out")
    with pytest.raises(FileNotFoundError, match=r"there is no .*absent"):
        convert(tmp_path / "absent", tmp_path / "out")
    write_yolo(tmp_path / "src", {"train": {"a": BOXES}})
    with pytest.raises(FileNotFoundError, match="no coco layout in"):
        convert(tmp_path / "src", tmp_path / "out", layout="coco")
    # One split is not the unpartitioned release.
    with pytest.raises(FileNotFoundError, match="no LEVIR-Ship layout in"):
        convert(tmp_path / "src" / "train", tmp_path / "out")


@st.composite
def inner_boxes(draw):
    """Boxes of any size inside the image, down to a hundredth of a pixel."""
    boxes = []
    for _ in range(draw(st.integers(0, 5))):
        w, h = draw(st.floats(0.01, WIDTH)), draw(st.floats(0.01, HEIGHT))
        boxes.append((draw(st.floats(0, WIDTH - w)), draw(st.floats(0, HEIGHT - h)), w, h))
    return boxes


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("levir")
    return write_yolo(root / "yolo", {"train": {"a": BOXES, "b": []}}), root / "out"


@thorough(100)
@given(boxes=inner_boxes())
def test_round_trip(small, boxes):
    root, out = small
    write_label(root / "train" / "labels" / "a.txt", boxes)
    convert(root, out)
    converted = boxes_of(load(out, "train"))["a"]
    assert len(converted) == len(boxes)
    for ours, theirs in zip(converted, boxes, strict=True):
        assert ours == pytest.approx(theirs, rel=0, abs=1e-6)


def check_boxes(out):
    for ann in load(out, "train")["annotations"]:
        x, y, w, h = ann["bbox"]
        assert 0 <= x and x + w <= WIDTH + 1e-6 and 0 <= y and y + h <= HEIGHT + 1e-6
        assert w > 0 and h > 0 and ann["area"] == w * h


def test_damaged_labels(small):
    root, out = small
    label = root / "train" / "labels" / "a.txt"
    text = "".join(f"0 0.{i}5 0.5 0.0625 0.125\n" for i in range(4))

    def check(data):
        label.write_bytes(data)
        if result_or_message(lambda: convert(root, out), out, "a.txt"):
            check_boxes(out)

    check_damages(400, lambda rng: damage_text(text, rng), check)


def test_damaged_coco(tmp_path):
    images = {"a": BOXES, "b": []}
    root, out = write_coco(tmp_path / "coco", {"train": images}), tmp_path / "out"
    name = "instances_train2017.json"

    def check(data):
        (root / "annotations" / name).write_bytes(data)
        if result_or_message(lambda: convert(root, out), out, name):
            check_boxes(out)

    check_damages(400, lambda rng: damage_json(published_coco(images), rng), check)


def test_command(yolo, tmp_path, adla_command):
    code, out, _ = adla_command(
        "convert", "levir-ship", yolo, tmp_path / "out", "--drenet-compat", "--copy"
    )
    printed = " ".join(out.split())
    assert (
        code == 0
        and "LEVIR-Ship, yolo release" in printed
        and "published are 3896 and 3219" in printed
    )
    code, _, err = adla_command(
        "convert", "levir-ship", yolo, tmp_path / "out", "--layout", "unpartitioned"
    )
    assert code == 2 and re.match(r"adla convert levir-ship: no unpartitioned layout in", err)
