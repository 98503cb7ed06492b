import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from adla.datasets import VisDroneDataset
from adla.datasets.converters import convert_visdrone
from adla.datasets.converters.visdrone_read import CLASSES

from .aerial import VISDRONE, write_visdrone
from .damage import check_damages, damage_text, result_or_message, thorough

TRAIN = "VisDrone2019-DET-train"


@pytest.fixture
def source(tmp_path):
    return write_visdrone(tmp_path / "src")


def convert(src, out, **kwargs):
    return convert_visdrone(src, out, progress=False, **kwargs)


def load(out, split):
    return json.loads((out / "annotations" / f"{split}.json").read_text())


def test_ignored_regions_and_others_are_crowds_of_every_class(source, tmp_path):
    report = convert(source, tmp_path / "out")
    train, val = load(tmp_path / "out", "train"), load(tmp_path / "out", "val")
    assert [c["name"] for c in train["categories"]] == list(CLASSES) and len(CLASSES) == 10
    assert [c["id"] for c in train["categories"]] == [*range(1, 11)]
    first, second = train["images"]
    assert (first["id"], first["width"], first["height"]) == (1, 64, 48)
    assert second["file_name"] == "train/0000003_00231_d_0000016.jpg"
    boxes = [
        (a["image_id"], a["category_id"], a["iscrowd"], a["bbox"]) for a in train["annotations"]
    ]
    assert boxes == [
        (1, 4, 0, [10, 6, 4, 9]),
        *((1, category, 1, [30, 20, 8, 6]) for category in range(1, 11)),
        *((1, category, 1, [1, 2, 3, 4]) for category in range(1, 11)),
        (2, 1, 0, [40, 30, 24, 18]),
    ]
    assert [a["id"] for a in train["annotations"]] == [*range(1, 23)]
    # A score of 0 ignores the object itself; the other box is cut at the border.
    assert [(a["category_id"], a["iscrowd"], a["bbox"]) for a in val["annotations"]] == [
        (10, 0, [60, 40, 4, 8]),
        (2, 1, [3, 3, 4, 4]),
    ]
    assert report.splits["train"]["boxes"] == 2 and report.splits["val"]["boxes"] == 1
    assert report.notes == [
        "train: 1 ignored regions, 1 objects of no class (others) are crowds",
        "train: 1 boxes without width or height left out",
        "val: 1 objects with a score of 0 are crowds",
        "val: 1 boxes left their image by up to 2 px and were cut at its border",
    ]


def test_dataset_reads_the_result(source, tmp_path):
    convert(source, tmp_path / "out")
    dataset = VisDroneDataset(
        data_root=str(tmp_path / "out"),
        ann_file="annotations/train.json",
        data_prefix={"img": "images/"},
        pipeline=[{"type": "LoadImageFromFile"}],
    )
    flags = [instance["ignore_flag"] for instance in dataset[0]["instances"]]
    assert flags == [0] + [1] * 20 and dataset[0]["img"].shape == (48, 64, 3)
    assert VisDroneDataset.METAINFO["classes"] == CLASSES
    assert len(VisDroneDataset.METAINFO["palette"]) == 10


def test_one_split_and_other_folder_names(source, tmp_path):
    convert(source / TRAIN, tmp_path / "one", copy=True)
    assert [path.name for path in (tmp_path / "one" / "annotations").iterdir()] == ["train.json"]
    copied = tmp_path / "one" / "images" / "train" / "0000002_00005_d_0000014.jpg"
    assert copied.is_file() and not copied.is_symlink()
    (source / "VisDrone2019-DET-val").rename(source / "VisDrone2019-DET-test-dev")
    convert(source, tmp_path / "out")
    link = tmp_path / "out" / "images" / "test"
    assert link.is_symlink() and load(tmp_path / "out", "test")["images"]
    with pytest.raises(FileNotFoundError, match="holds none of VisDrone2019-DET-train"):
        convert(tmp_path, tmp_path / "none")


def test_problems_are_named_and_nothing_is_written(source, tmp_path):
    folder = source / TRAIN
    text = folder / "annotations" / "0000002_00005_d_0000014.txt"
    text.write_text(
        "1,2,3\n1,2,3,4,1,12,0,0\n70,2,3,4,1,1,0,0\n1,2,3,-4,1,1,0,0\n1,2,3,4,2,1,0,0\n"
    )
    (folder / "annotations" / "0000009_x.txt").write_text("")
    (folder / "annotations" / "0000003_00231_d_0000016.txt").write_bytes(b"\xff\xfe")
    Image.new("RGB", (5, 5)).save(folder / "images" / "0000008_y.jpg")
    for name, half in (("0000010_cut", True), ("0000011_text", False)):
        image = folder / "images" / f"{name}.jpg"
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(image)
        image.write_bytes(image.read_bytes()[: image.stat().st_size // 2] if half else b"text")
        (folder / "annotations" / f"{name}.txt").write_text("")
    with pytest.raises(ValueError) as error:
        convert(source, tmp_path / "out")
    for part in (
        f"{TRAIN}/annotations/0000002_00005_d_0000014.txt, line 1: '1,2,3' is not eight numbers",
        "line 2: category 12 and score 1",
        "line 3: box (70.0, 2.0, 3.0, 4.0) lies outside its image of (64, 48)",
        "line 4: box (1.0, 2.0, 3.0, -4.0) has no width or height",
        "line 5: category 1 and score 2",
        "annotations/0000009_x.txt: no image of that name",
        "images/0000008_y.jpg: no annotations/0000008_y.txt",
        "annotations/0000003_00231_d_0000016.txt: not a text file",
        f"{TRAIN}/images/0000010_cut.jpg: not a whole image (",
        f"{TRAIN}/images/0000011_text.jpg: not a whole image (",
    ):
        assert part in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("visdrone")
    return write_visdrone(root / "src", {TRAIN: VISDRONE[TRAIN]}), root / "out"


@thorough(100)
@given(
    lines=st.lists(
        st.tuples(
            st.integers(-5, 60), st.integers(-5, 44), st.integers(6, 30), st.integers(6, 30),
            st.integers(0, 1), st.integers(0, 11),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_round_trip(small, lines):
    source, out = small
    path = source / TRAIN / "annotations" / "0000002_00005_d_0000014.txt"
    path.write_text("".join(f"{','.join(map(str, line))},0,0\n" for line in lines))
    convert(source, out)
    found = [a for a in load(out, "train")["annotations"] if a["image_id"] == 1]
    expected = []
    for x, y, w, h, score, category in lines:
        left, top = max(x, 0), max(y, 0)
        box = [left, top, min(x + w, 64) - left, min(y + h, 48) - top]
        classes = range(1, 11) if category in (0, 11) else [category]
        crowd = int(category in (0, 11) or score == 0)
        expected += [(one, crowd, box, box[2] * box[3]) for one in classes]
    assert [(a["category_id"], a["iscrowd"], a["bbox"], a["area"]) for a in found] == expected


def test_damaged_text(small):
    source, out = small
    name = "0000002_00005_d_0000014.txt"
    path, text = source / TRAIN / "annotations" / name, VISDRONE[TRAIN][name[:-4]]

    def check(data):
        path.write_bytes(data)
        if not result_or_message(lambda: convert(source, out), out, name):
            return
        for ann in load(out, "train")["annotations"]:
            x, y, w, h = ann["bbox"]
            assert w > 0 and h > 0 and x >= 0 and y >= 0
            assert x + w <= 64 + 1e-9 and y + h <= 48 + 1e-9
            assert ann["category_id"] in range(1, 11) and ann["iscrowd"] in (0, 1)

    check_damages(1000, lambda rng: damage_text(text, rng), check)


def test_command(source, tmp_path, adla_command):
    code, out, _ = adla_command("convert", "visdrone", source, tmp_path / "out", "--copy")
    printed = " ".join(out.split())
    assert code == 0 and "VisDrone-DET" in printed and "1 ignored regions" in printed
    code, _, err = adla_command("convert", "visdrone", tmp_path, tmp_path / "none")
    assert code == 2 and re.match(r"adla convert visdrone: .* holds none of", err)
