import json
import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from adla.datasets import AITODDataset
from adla.datasets.converters import prepare_aitod
from adla.datasets.converters.aitod_files import NUM_IMAGES
from adla.datasets.converters.aitod_leaks import crop_place, leaking_images

from .aitod import (
    CLASSES,
    TEST,
    TRAIN,
    VAL,
    make_coco,
    write_aitod,
    write_images,
    write_json,
)
from .damage import check_damages, damage_json, files_below, result_or_message, thorough


@pytest.fixture
def download(tmp_path):
    return write_aitod(tmp_path / "download")


def prepare(src, out, **kwargs):
    return prepare_aitod(src, out, progress=False, **{"any_count": True, **kwargs})


def load(out, name):
    return json.loads((out / "annotations" / name).read_text())


def test_names_of_the_configs(download, tmp_path):
    report = prepare(download, tmp_path / "out")
    assert load(tmp_path / "out", "aitod_trainval_v1.json") == make_coco(TRAIN | VAL)
    assert (tmp_path / "out" / "images" / "test").is_symlink()
    assert list(report.splits) == ["aitod_trainval_v1.json", "aitod_test_v1.json"]
    assert report.splits["aitod_test_v1.json"]["boxes"] == 3
    assert report.notes == [
        "v1: 1 of 2 test images, with 2 of 3 objects, share part of their scene with a trainval "
        "image; 0 file names do not tell their scene"
    ]


OTHER_NAMES = {
    "v1": ["aitod_{}.json", "small_{}_v1_1.0.json", "aitod_{}_v1_1.0.json"],
    "v2": ["aitodv2_{}.json", "small_{}_v2_2.0.json", "{}_v2.json"],
}


@pytest.mark.parametrize(
    ("version", "name"), [(v, name) for v, names in OTHER_NAMES.items() for name in names]
)
@pytest.mark.parametrize("folder", ["", "annotations", "complete_annotations"])
def test_every_public_name_is_accepted(download, tmp_path, version, name, folder):
    ours = {"v1": "aitod_{}_v1.json", "v2": "aitodv2_{}.json"}[version]
    for split in ("trainval", "test"):
        path = download / "annotations" / f"aitod_{split}_v1.json"
        (download / folder).mkdir(exist_ok=True)
        path.rename(download / folder / name.format(split))
    report = prepare(download, tmp_path / "out")
    assert list(report.splits) == [ours.format("trainval"), ours.format("test")]


def test_both_versions_and_all_splits(download, tmp_path):
    for split, images in {"trainval": TRAIN | VAL, "test": TEST}.items():
        write_json(download / f"aitodv2_{split}.json", make_coco(images, first_id=0))
    write_json(download / "aitod_validation_v1.0.json", make_coco(VAL))
    report = prepare(download, tmp_path / "out", drop_leaks=True)
    written = {path.name for path in (tmp_path / "out" / "annotations").iterdir()}
    assert (
        written
        == set(report.splits)
        == {
            "aitod_val_v1.json",
            "aitod_trainval_v1.json",
            "aitod_test_v1.json",
            "aitod_test_v1_no-leaks.json",
            "aitodv2_trainval.json",
            "aitodv2_test.json",
            "aitodv2_test_no-leaks.json",
        }
    )
    # v2 counts from 0. Its categories and images may; its annotations must not.
    test = load(tmp_path / "out", "aitodv2_test.json")
    assert [ann["id"] for ann in test["annotations"]] == [1, 2, 3]
    assert [image["id"] for image in test["images"]] == [0, 1]
    assert test["annotations"][0]["category_id"] == CLASSES.index("vehicle")
    assert "aitodv2_test.json: annotation ids counted from 0; they count from 1 now" in report.notes


def test_trainval_is_put_together(download, tmp_path):
    (download / "annotations" / "aitod_trainval_v1.json").unlink()
    shutil.rmtree(download / "images" / "trainval")
    reverse = CLASSES[::-1]
    write_json(download / "aitod_train.json", make_coco(TRAIN))
    val = make_coco({"1141__1200_0.png": [("ship", [7, 7, 7, 7])]}, 5, reverse)
    write_json(download / "aitod_val.json", val)
    write_images(download / "train" / "images", TRAIN)
    write_images(download / "val" / "images", VAL)
    for _ in range(2):
        report = prepare(download, tmp_path / "out")
        coco = load(tmp_path / "out", "aitod_trainval_v1.json")
        assert [image["file_name"] for image in coco["images"]] == list(TRAIN | VAL)
        assert [image["id"] for image in coco["images"]] == [1, 2, 3]
        assert [ann["id"] for ann in coco["annotations"]] == [1, 2, 3]
        names = [CLASSES[ann["category_id"] - 1] for ann in coco["annotations"]]
        assert names == ["ship", "person", "ship"]
        images = tmp_path / "out" / "images" / "trainval"
        assert not images.is_symlink() and set(files_below(images)) == set(TRAIN | VAL)
        assert (images / "02029.png").is_symlink()
    assert "v1: trainval was put together from train and val" in report.notes
    assert any(
        note.startswith("aitod_val.json: classes in the order wind") for note in report.notes
    )
    prepare(download, tmp_path / "copy", copy=True)
    assert not (tmp_path / "copy" / "images" / "trainval" / "02029.png").is_symlink()


def test_in_place(download):
    before = files_below(download)
    for _ in range(2):
        prepare(download, download)
        assert files_below(download) == before


def test_class_order_of_the_file_does_not_matter(download, tmp_path):
    path = download / "annotations" / "aitod_test_v1.json"
    order = ("vehicle", *[name for name in CLASSES if name != "vehicle"])
    write_json(path, make_coco(TEST, classes=order))
    report = prepare(download, tmp_path / "out")
    assert report.notes[0].startswith("aitod_test_v1.json: classes in the order vehicle, airplane")
    dataset = AITODDataset(
        data_root=str(tmp_path / "out"),
        ann_file="annotations/aitod_test_v1.json",
        data_prefix={"img": "images/test"},
        pipeline=[],
    )
    labels = [[i["bbox_label"] for i in dataset.get_data_info(n)["instances"]] for n in range(2)]
    assert labels == [[CLASSES.index("vehicle")] * 2, [CLASSES.index("airplane")]]


def test_overlap_is_that_of_the_scenes():
    def image(name, width=800):
        return {"id": name, "file_name": f"{name}.png", "width": width, "height": 800}

    assert crop_place(image("1141__0_600")) == ("1141", (0, 600, 800, 1400))
    assert crop_place(image("P0706__1.0__0_600"))[0] == "P0706__1.0"
    for name in ("02029", "9999952_00000_d_0000012", "0a1b2c"):
        assert crop_place(image(name)) is None
    train = [image("7__0_0"), image("7__2299_0", 800), image("02029")]
    test = [
        image("7__799_799"),  # one pixel shared
        image("7__800_0"),  # side by side
        image("8__0_0"),  # another scene
        image("02029"),  # a name that does not tell
        image("7__1600_0", 699),  # cut short at 2299, where the next begins
        image("7__1600_0", 700),
    ]
    assert leaking_images(train, test[:5]) == {"7__799_799": "7__0_0.png"}
    assert leaking_images(train, test[5:]) == {"7__1600_0": "7__2299_0.png"}


def test_file_without_leaks(download, tmp_path):
    prepare(download, tmp_path / "out", drop_leaks=True)
    clean = load(tmp_path / "out", "aitod_test_v1_no-leaks.json")
    assert [image["file_name"] for image in clean["images"]] == ["107__600_600.png"]
    assert [ann["image_id"] for ann in clean["annotations"]] == [2]
    assert "1 of 2 test images" in clean["info"]["left_out"]
    assert load(tmp_path / "out", "aitod_test_v1.json") == make_coco(TEST)


def test_all_problems_come_in_one_message(download, tmp_path):
    images = download / "images"
    (images / "trainval" / "1141__0_0.png").unlink()
    (images / "trainval" / "02029.png").unlink()
    (images / "test" / "107__600_600.png").write_bytes(b"\x89PNG")
    Image.new("L", (800, 699)).save(images / "test" / "1141__0_600.png")
    with pytest.raises(ValueError) as error:
        prepare(download, tmp_path / "out", any_count=False)
    assert str(error.value).startswith("7 problem(s) in ")
    for part in (
        "v1 trainval: 3 images, published are 14018 (--any-count accepts it)",
        "v1 test: 2 images, published are 14018",
        "trainval: 1 of 2 absent images are crops of xView, which have to be made: run generate_",
        f"trainval: image 1141__0_0.png is not there ({images / 'trainval'})",
        "trainval: image 02029.png is not there",
        "107__600_600.png: not a whole image",
        "1141__0_600.png: is (800, 699), but (800, 800) in the annotations",
    ):
        assert part in str(error.value)
    assert not (tmp_path / "out").exists()


def test_published_numbers_pass(tmp_path, monkeypatch, download):
    numbers = {"trainval": 3, "test": 2}
    assert NUM_IMAGES["train"] + NUM_IMAGES["val"] == NUM_IMAGES["trainval"] == NUM_IMAGES["test"]
    monkeypatch.setattr("adla.datasets.converters.aitod_annotations.NUM_IMAGES", numbers)
    prepare(download, tmp_path / "out", any_count=False)


def test_other_images_in_the_way(download, tmp_path):
    write_images(tmp_path / "out" / "images" / "test", TEST)
    with pytest.raises(FileExistsError, match="--copy"):
        prepare(download, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").rglob("*") if p.is_dir()] == ["images", "test"]
    prepare(download, tmp_path / "out", copy=True)


def test_wrong_files(download, tmp_path):
    annotations = download / "annotations"
    write_json(annotations / "small_test_v1_1.0.json", make_coco(VAL))
    with pytest.raises(ValueError, match="are both test of v1, but differ: remove one"):
        prepare(download, tmp_path / "out")
    shutil.copy(annotations / "aitod_test_v1.json", annotations / "small_test_v1_1.0.json")
    prepare(download, tmp_path / "same")
    write_json(annotations / "aitod_trainval_v1.json", make_coco(TRAIN, classes=CLASSES[:-1]))
    with pytest.raises(ValueError, match=r"v1\.json: categories \[.*\] are not \['airplane', "):
        prepare(download, tmp_path / "out")
    (annotations / "aitod_trainval_v1.json").unlink()
    with pytest.raises(ValueError, match=r"v1: no trainval annotations; looked for aitod_trainval"):
        prepare(download, tmp_path / "out")
    shutil.rmtree(annotations)
    with pytest.raises(FileNotFoundError, match=r"no AI-TOD annotations; looked for aitod_test_v1"):
        prepare(download, tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        prepare(tmp_path / "absent", tmp_path / "out")


def test_odd_boxes_are_named(download, tmp_path):
    coco = make_coco({"107__600_600.png": [("ship", [1, 4, 0, 16]), ("ship", [1, 4, 2, 3])] * 2})
    coco["annotations"][1]["area"] = 12
    del coco["annotations"][3]["area"]
    write_json(download / "annotations" / "aitod_test_v1.json", coco)
    report = prepare(download, tmp_path / "out")
    assert [note.split(";")[0] for note in report.notes[:3]] == [
        "aitod_test_v1.json: 2 boxes without width or height",
        "aitod_test_v1.json: 1 boxes without an area",
        "aitod_test_v1.json: 1 areas are not w * h",
    ]
    annotations = load(tmp_path / "out", "aitod_test_v1.json")["annotations"]
    assert [ann["area"] for ann in annotations] == [0, 12, 0, 6]
    coco["annotations"][0]["bbox"][0] = float("nan")
    write_json(download / "annotations" / "aitod_test_v1.json", coco)
    with pytest.raises(ValueError, match=r"v1\.json: box \[nan, 4, 0, 16\] of annotation 1 is not"):
        prepare(download, tmp_path / "out")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("aitod")
    write_json(root / "src" / "aitod_trainval_v1.json", make_coco(VAL))
    write_images(root / "src" / "images" / "trainval", VAL)
    write_images(root / "src" / "images" / "test", TEST)
    return root / "src", root / "out"


coordinate = st.floats(0, 800, allow_subnormal=False)


@thorough(60)
@given(boxes=st.lists(st.lists(coordinate, min_size=4, max_size=4), max_size=5))
def test_round_trip(small, boxes):
    src, out = small
    coco = make_coco({"107__600_600.png": [("ship", box) for box in boxes]}, first_id=0)
    write_json(src / "aitod_test_v1.json", coco)
    prepare(src, out)
    assert [ann["bbox"] for ann in load(out, "aitod_test_v1.json")["annotations"]] == boxes


def test_damaged_annotations(small):
    src, out = small

    def check(data):
        (src / "aitod_test_v1.json").write_bytes(data)
        if result_or_message(lambda: prepare(src, out), out, "test"):
            load(out, "aitod_test_v1.json")

    check_damages(150, lambda rng: damage_json(make_coco(TEST), rng), check)


def test_command(download, tmp_path, adla_command):
    code, out, _ = adla_command(
        "convert", "aitod", download, tmp_path / "out", "--any-count", "--drop-leaks", "--copy"
    )
    printed = " ".join(out.split())
    assert (
        code == 0 and "aitod_test_v1_no-leaks.json" in printed and "1 of 2 test images" in printed
    )
    code, _, err = adla_command("convert", "aitod", download, tmp_path / "out")
    assert code == 2 and re.match(r"adla convert aitod: 2 problem\(s\)", err)


def test_one_file_under_two_ids_is_named(download, tmp_path):
    path = download / "annotations" / "aitod_test_v1.json"
    coco = json.loads(path.read_text())
    coco["images"][1]["file_name"] = coco["images"][0]["file_name"]
    write_json(path, coco)
    with pytest.raises(ValueError, match=r"v1 test: 1141__0_600\.png is listed 2 times"):
        prepare(download, tmp_path / "out")


def test_two_images_of_one_name_are_named_and_copies_are_none(download, tmp_path):
    write_images(download / "test" / "images", TEST)
    prepare(download, tmp_path / "out")
    Image.new("L", (800, 800), 9).save(download / "test" / "images" / "1141__0_600.png")
    with pytest.raises(ValueError, match=r"1141__0_600\.png are two files of one name"):
        prepare(download, tmp_path / "again")
