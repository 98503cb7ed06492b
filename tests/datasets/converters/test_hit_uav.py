import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from adla.datasets import HITUAVDataset
from adla.datasets.converters import convert_hit_uav
from adla.datasets.converters.near_duplicates import near_duplicate_share, thumbnail

from .aerial import FRAMES, HIT_UAV_SIZE, hit_uav_json, pixels, write_hit_uav
from .damage import check_damages, damage_json, files_below, result_or_message, thorough


@pytest.fixture
def source(tmp_path):
    return write_hit_uav(tmp_path / "src")


def convert(src, out, **kwargs):
    return convert_hit_uav(src, out, progress=False, **kwargs)


def load(out, split):
    return json.loads((out / f"{split}.json").read_text())


def test_half_size_by_scene(source, tmp_path):
    report = convert(source, tmp_path / "out", scale=0.5)
    train, val = load(tmp_path / "out", "train"), load(tmp_path / "out", "val")
    assert train["categories"] == [
        {"id": 1, "name": "Person"},
        {"id": 2, "name": "Car"},
        {"id": 3, "name": "Bicycle"},
        {"id": 4, "name": "OtherVehicle"},
    ]
    image = {"id": 2, "file_name": "images/1_60_50_0_00281.jpg", "width": 32, "height": 24}
    assert train["images"][0] == image | {"split": "train"}
    assert [i["id"] for i in train["images"]] == [2, 3, 5]
    assert [(i["id"], i["split"]) for i in val["images"]] == [(1, "train"), (4, "val")]
    box = {"id": 3, "image_id": 2, "category_id": 2, "bbox": [0, 0, 10.5, 7.5], "area": 78.75}
    assert train["annotations"][0] == box | {"iscrowd": 0}
    assert val["annotations"][0]["bbox"] == [5, 3, 2, 4.5]
    assert report.splits["train"]["images"] == 3 and report.splits["train"]["empty"] == 1
    assert report.splits["val"]["boxes"] == 3, "crowds are no boxes"
    assert report.leaks == {"val": 0}


def test_dont_care_is_a_crowd_of_every_class(source, tmp_path):
    report = convert(source, tmp_path / "out", scale=0.5)
    annotations = [*load(tmp_path / "out", "train")["annotations"]]
    annotations += load(tmp_path / "out", "val")["annotations"]
    crowds = [ann for ann in annotations if ann["iscrowd"]]
    assert [(ann["id"], ann["category_id"]) for ann in crowds] == [(2, 1), (7, 2), (8, 3), (9, 4)]
    assert all(ann["bbox"] == [15, 10, 4, 3] and ann["image_id"] == 1 for ann in crowds)
    assert len({ann["id"] for ann in annotations}) == len(annotations)
    assert report.notes[1] == "5 frames; published are 2,898"
    assert report.notes[2] == "1 boxes DontCare are crowds of each of the 4 classes"
    dataset = HITUAVDataset(
        data_root=str(tmp_path / "out"),
        ann_file="val.json",
        data_prefix={"img": ""},
        pipeline=[{"type": "LoadImageFromFile"}],
    )
    instances = dataset[0]["instances"]
    assert [one["ignore_flag"] for one in instances] == [0, 1, 1, 1, 1]
    assert dataset[0]["img"].shape == (24, 32, 3)


def test_half_size_is_the_mean_of_four_pixels(tmp_path):
    frame = "1_60_50_0_00281"
    source = write_hit_uav(tmp_path / "src")
    noise = np.random.default_rng(0).integers(60, 190, (24, 32), dtype=np.uint8)
    fine = noise.repeat(2, 0).repeat(2, 1).astype(int)
    fine[::2, ::2] += 30
    fine[1::2, 1::2] -= 30
    path = source / "normal_json" / "train" / f"{frame}.jpg"
    Image.fromarray(fine.astype(np.uint8)).save(path, format="PNG")
    convert(source, tmp_path / "out", scale=0.5)
    written = Image.open(tmp_path / "out" / "images" / f"{frame}.jpg")
    assert written.mode == "L" and written.size == (32, 24)
    difference = np.asarray(written).astype(int) - noise
    assert np.abs(difference).mean() < 4, "JPEG alone must not change more"


def test_full_size_images_are_linked_or_copied(source, tmp_path):
    convert(source, tmp_path / "out")
    frame = source / "normal_json" / "test" / "1_70_30_0_00862.jpg"
    link = tmp_path / "out" / "images" / frame.name
    assert link.is_symlink() and link.samefile(frame)
    convert(source, tmp_path / "copied", copy=True)
    copied = tmp_path / "copied" / "images" / frame.name
    assert not copied.is_symlink() and copied.read_bytes() == frame.read_bytes()
    assert load(tmp_path / "out", "val")["annotations"][0]["bbox"] == [10, 6, 4, 9]


def test_published_split_is_measured_and_warned_of(tmp_path):
    frames = dict(FRAMES, val=[("1_60_50_0_00283", [])], test=FRAMES["test"])
    source = write_hit_uav(tmp_path / "src", frames)
    twin = source / "normal_json" / "val" / "1_60_50_0_00283.jpg"
    twin.write_bytes((source / "normal_json" / "train" / "1_60_50_0_00282.jpg").read_bytes())
    report = convert(source, tmp_path / "out", published_split=True)
    assert report.leaks == {"val": 1.0, "test": 0.0}
    assert report.notes[0].startswith(
        "WARNING: the published split leaks: 100.0% of val and 0.0% of test have a training image"
    )
    assert {i["split"] for i in load(tmp_path / "out", "test")["images"]} == {"test"}
    assert load(tmp_path / "out", "test")["info"]["split"] == "published"


def test_val_by_scene_is_kept_from_train_where_frames_are_neighbors():
    frames = [Image.fromarray(pixels(seed, HIT_UAV_SIZE)) for seed in range(3)]
    thumbnails = [thumbnail(frame) for frame in frames]
    assert near_duplicate_share(thumbnails, thumbnails[:1]) == pytest.approx(1 / 3)
    assert near_duplicate_share([], thumbnails) == 0
    gray = thumbnail(Image.new("L", HIT_UAV_SIZE, 7))
    assert near_duplicate_share([gray], [gray]) == 0, "a uniform image resembles none"


def change(source, name, edit):
    path = source / "normal_json" / "annotations" / name
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def copy_first(content):
    content["images"][0]["filename"] = "1_60_30_0_00007.jpg"


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("train.json", lambda c: c.pop("annotation"), 'no lists "images" and "annotation"'),
        (
            "train.json",
            lambda c: c["annotation"][0].update(bbox=[9, 9, 4, 4, 0.5]),
            "boxes of five numbers, with an angle: give normal_json, not rotate_json",
        ),
        ("test.json", lambda c: c["categories"].pop(), "categories {0: 'Person'"),
        ("test.json", copy_first, "image 1_60_30_0_00007 is there more than once"),
        ("test.json", lambda c: c["images"][0].update(id=0), "image_id 4 is not in the file"),
        (
            "instances_val.json",
            lambda c: c["annotation"][0].update(id=0),
            "annotation id 0 is there more than once",
        ),
        (
            "instances_val.json",
            lambda c: c["annotation"][0].update(bbox=[40, 30, 25, 18]),
            "box (40, 30, 25, 18) of 0_100_30_0_03300.jpg leaves the image of (64, 48)",
        ),
        (
            "instances_val.json",
            lambda c: c["images"][0].update(width=640),
            "val/0_100_30_0_03300.jpg: is (64, 48) pixels, but its annotation says (640, 48)",
        ),
        (
            "test.json",
            lambda c: c["images"][0].update(filename="../x_1.jpg"),
            "'../x_1.jpg' is no name such as",
        ),
    ],
)
def test_wrong_json(source, tmp_path, name, edit, message):
    change(source, name, edit)
    with pytest.raises(ValueError) as error:
        convert(source, tmp_path / "out", scale=0.5)
    assert message in str(error.value) and "nothing was written" in str(error.value)
    assert not (tmp_path / "out").exists()


def test_missing_and_broken_files(source, tmp_path):
    folder = source / "normal_json"
    (folder / "train" / "1_60_50_0_00281.jpg").unlink()
    path = folder / "test" / "1_70_30_0_00862.jpg"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError) as error:
        convert(source, tmp_path / "out")
    assert "train/1_60_50_0_00281.jpg: is not there" in str(error.value)
    assert "test/1_70_30_0_00862.jpg: not a whole image" in str(error.value)
    (folder / "annotations" / "test.json").unlink()
    with pytest.raises(ValueError, match=r"annotations/test\.json: is not there"):
        convert(source, tmp_path / "out")
    with pytest.raises(FileNotFoundError, match="holds no normal_json/annotations"):
        convert(tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="scale must be above 0 and at most 1, but got 2"):
        convert(source, tmp_path / "out", scale=2)


def test_nothing_is_overwritten_and_nothing_left_behind(source, tmp_path, monkeypatch):
    (tmp_path / "out" / "images").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="is there already: remove it"):
        convert(source, tmp_path / "out", scale=0.5)
    assert not files_below(tmp_path / "out")

    def full(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="no space"):
        convert(source, tmp_path / "other", scale=0.5)
    assert not [path for path in (tmp_path / "other").rglob("*")]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("hit_uav")
    return write_hit_uav(root / "src"), root / "out"


@st.composite
def whole_boxes(draw):
    width, height = HIT_UAV_SIZE
    boxes = []
    for _ in range(draw(st.integers(0, 5))):
        w, h = draw(st.integers(1, width)), draw(st.integers(1, height))
        x, y = draw(st.integers(0, width - w)), draw(st.integers(0, height - h))
        boxes.append((draw(st.integers(0, 4)), x, y, w, h))
    return boxes


@thorough(100)
@given(boxes=whole_boxes(), scale=st.sampled_from([1.0, 0.5, 0.37]))
def test_round_trip(small, tmp_path_factory, boxes, scale):
    source, _ = small
    frames = [(FRAMES["train"][0][0], boxes), *FRAMES["train"][1:]]
    path = source / "normal_json" / "annotations" / "train.json"
    path.write_text(json.dumps(hit_uav_json(frames, 0, 1000)))
    out = tmp_path_factory.mktemp("out")
    convert(source, out, scale=scale)
    path.write_text(json.dumps(hit_uav_json(FRAMES["train"], 0, 0)))
    coco = load(out, "val")
    image = next(i for i in coco["images"] if i["id"] == 1)
    factor = np.tile([image["width"] / HIT_UAV_SIZE[0], image["height"] / HIT_UAV_SIZE[1]], 2)
    found = [ann for ann in coco["annotations"] if ann["image_id"] == 1]
    plain = [ann for ann in found if not ann["iscrowd"]]
    expected = [(category + 1, *box) for category, *box in boxes if category < 4]
    assert [ann["category_id"] for ann in plain] == [one[0] for one in expected]
    for ann, (_, *box) in zip(plain, expected, strict=True):
        assert ann["bbox"] == pytest.approx(np.multiply(box, factor), rel=0, abs=1e-9)
        assert ann["area"] == ann["bbox"][2] * ann["bbox"][3]
    assert len(found) - len(plain) == 4 * sum(category == 4 for category, *_ in boxes)


def test_damaged_json(small):
    """Every damage gives a result without a trace of it, or one message and no result."""
    source, out = small
    path = source / "normal_json" / "annotations" / "train.json"
    content = hit_uav_json(FRAMES["train"], 0, 0)

    def check(data):
        path.write_bytes(data)
        if not result_or_message(lambda: convert(source, out, scale=0.5), out, "normal_json"):
            return
        for split in ("train", "val"):
            coco = load(out, split)
            sizes = {i["id"]: (i["width"], i["height"]) for i in coco["images"]}
            for ann in coco["annotations"]:
                x, y, w, h = ann["bbox"]
                width, height = sizes[ann["image_id"]]
                assert w > 0 and h > 0 and x >= 0 and y >= 0
                assert x + w <= width + 1e-9 and y + h <= height + 1e-9
                assert type(ann["id"]) is int and ann["id"] > 0

    try:
        check_damages(1000, lambda rng: damage_json(content, rng), check)
    finally:
        path.write_text(json.dumps(content))


def test_command(source, tmp_path, adla_command):
    code, out, _ = adla_command(
        "convert", "hit-uav", source, tmp_path / "out", "--scale", "0.5", "--published-split"
    )
    printed = " ".join(out.split())
    assert code == 0 and "HIT-UAV" in printed and "WARNING: the published split leaks" in printed
    code, _, err = adla_command("convert", "hit-uav", tmp_path, tmp_path / "none")
    assert code == 2 and re.match(r"adla convert hit-uav: .* holds no normal_json", err)


@pytest.fixture(scope="module")
def real():
    """Root of the real HIT-UAV, converted; tests that need it skip where it is absent."""
    root = Path(os.environ.get("HIT_UAV_ROOT", "data/hit-uav"))
    if not (root / "val.json").is_file():
        pytest.skip(f"no converted HIT-UAV in {root}; set HIT_UAV_ROOT")
    return root


def test_the_real_file_is_split_where_its_videos_break(real):
    """No frame of val within 14 of a frame of train."""
    numbers = {
        split: [int(i["file_name"][:-4].rpartition("_")[2]) for i in load(real, split)["images"]]
        for split in ("train", "val")
    }
    assert {split: len(frames) for split, frames in numbers.items()} == {"train": 2319, "val": 579}
    gaps = np.abs(np.subtract.outer(numbers["val"], numbers["train"]))
    assert gaps.min() >= 15


def write_published(root, real, cocos, size=(640, 512)):
    """Lay converted frames out as published; all are black but every hundredth."""
    images = [image for coco in cocos.values() for image in coco["images"]]
    boxes = {image["id"]: [] for image in images}
    for ann in (ann for coco in cocos.values() for ann in coco["annotations"]):
        if not (ann["iscrowd"] and ann["category_id"] > 1):  # DontCare is a crowd of each class
            boxes[ann["image_id"]].append(ann)
    source = write_hit_uav(root, {"train": [], "val": [], "test": []})
    Image.new("L", size).save(root / "black.png")
    for image in images:
        path = source / "normal_json" / image["split"] / Path(image["file_name"]).name
        if image["id"] % 100:
            path.symlink_to(root / "black.png")
        else:
            pixels = Image.open(real / image["file_name"])
            pixels.resize(size, Image.Resampling.NEAREST).save(path, format="PNG")
    for name in ("train", "instances_val", "test"):
        split = name.removeprefix("instances_")
        part = sorted((i for i in images if i["split"] == split), key=lambda i: i["id"])
        content = hit_uav_json([], 0, 0)
        content["images"] = [
            {
                "filename": Path(image["file_name"]).name,
                "width": size[0],
                "height": size[1],
                "id": image["id"] - 1,
            }
            for image in part
        ]
        content["annotation"] = [
            {
                "id": ann["id"] - 1,
                "image_id": image["id"] - 1,
                "category_id": 4 if ann["iscrowd"] else ann["category_id"] - 1,
                "bbox": [value * size[0] / image["width"] for value in ann["bbox"]],
            }
            for image in part
            for ann in boxes[image["id"]]
        ]
        path = source / "normal_json" / "annotations" / f"{name}.json"
        path.write_text(json.dumps(content))
    return source


@pytest.mark.slow
def test_the_real_files_are_what_the_converter_makes(real, tmp_path):
    """From the published layout, put together of them."""
    cocos = {split: load(real, split) for split in ("train", "val")}
    source = write_published(tmp_path / "src", real, cocos)
    convert(source, tmp_path / "out", scale=cocos["val"]["images"][0]["width"] / 640)
    for split, coco in cocos.items():
        made = load(tmp_path / "out", split)
        for key in ("images", "annotations", "categories"):
            assert made[key] == coco[key]
        for image in (image for image in coco["images"] if image["id"] % 100 == 0):
            frame, given = (
                np.asarray(Image.open(root / image["file_name"]).convert("L"), dtype=int)
                for root in (tmp_path / "out", real)
            )
            assert np.abs(frame - given).mean() < 1, "JPEG alone must not change more"
