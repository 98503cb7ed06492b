import json

import numpy as np
import pytest
from mmengine.config import Config

from adla.dataset_check.annotations import read_records
from adla.dataset_check.config_datasets import config_sources
from adla.dataset_check.inspection import inspect_source
from adla.dataset_check.network_view import Eyes
from adla.dataset_check.published import compare_with_published
from adla.dataset_check.releases import RELEASES, Edition, Release, Split
from adla.datasets import AITODDataset, HITUAVDataset, LEVIRShipDataset

CLASSES = AITODDataset.METAINFO["classes"]


def write(path, images, boxes, classes):
    """Images without files, one box (w, h) on each of the first of them."""
    annotations = [
        dict(id=k, image_id=k, category_id=1, bbox=[5, 5, w, h], area=w * h, iscrowd=0)
        for k, (w, h) in enumerate(boxes, 1)
    ]
    content = dict(
        images=[
            dict(id=k, file_name=f"{k}.png", width=800, height=800) for k in range(1, images + 1)
        ],
        annotations=annotations,
        categories=[dict(id=k, name=name) for k, name in enumerate(classes, 1)],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def inspections(root, kind, files):
    loaders = {
        f"{split}_dataloader": dict(
            dataset=dict(
                type=kind, data_root=str(root), ann_file=name, data_prefix=dict(img=""), pipeline=[]
            )
        )
        for split, name in files.items()
    }
    sources = config_sources(Config(loaders))
    return [inspect_source(one, read_records(one.ann_file), Eyes()) for one in sources]


@pytest.fixture
def small(monkeypatch):
    """The releases with hundredths of their images: what is compared is the same."""
    splits = {"trainval": Split(6), "test": Split(5), "train": Split(4), "val": Split(2)}
    whole = ("trainval", "test")
    releases = (
        Release("AI-TOD v2", AITODDataset, splits, whole, 9, None, "v2"),
        Release("AI-TOD v1", AITODDataset, splits, whole, 7, 12.8),
        Release("LEVIR-Ship", LEVIRShipDataset, {"train": Split(3, 2, 2)}),
    )
    monkeypatch.setattr("adla.dataset_check.published.RELEASES", releases)


def compare(root, kind="AITODDataset", **files):
    (comparison,) = compare_with_published(inspections(root, kind, files))
    return comparison


def test_as_published(small, tmp_path):
    write(tmp_path / "aitod_trainval_v1.json", 6, [(12.8, 12.8)] * 4, CLASSES)
    write(tmp_path / "aitod_test_v1.json", 5, [(6.4, 25.6)] * 3, CLASSES)
    found = compare(tmp_path, train="aitod_trainval_v1.json", test="aitod_test_v1.json")
    assert found.equal == [
        "train: this is AI-TOD v1 trainval as published: 6 images, 8 classes in order",
        "test: this is AI-TOD v1 test as published: 5 images, 8 classes in order",
        "AI-TOD v1 trainval and test together as published: 7 objects",
        "AI-TOD v1 trainval and test together as published: mean size 12.8 px",
    ]
    assert found.different == []


def test_what_differs_is_named(small, tmp_path):
    write(tmp_path / "aitod_trainval_v1.json", 5, [(13, 13)] * 4, CLASSES[::-1])
    write(tmp_path / "aitod_test_v1.json", 5, [(13, 13)] * 4, CLASSES)
    found = compare(tmp_path, train="aitod_trainval_v1.json", test="aitod_test_v1.json")
    assert found.equal == [
        "test: this is AI-TOD v1 test as published: 5 images, 8 classes in order"
    ]
    first, order, count, size = found.different
    assert first == "train: AI-TOD v1 trainval: images 5, published 6"
    assert order.startswith(
        "train: AI-TOD v1 trainval: the file has its classes in the order wind-mill, person"
    )
    assert count.endswith("together: 8 objects, published 7")
    assert size.endswith("together: mean size 13.0 px, published 12.8 px")


def test_the_name_tells_the_version_and_the_split(small, tmp_path):
    """Also a box without width, which no training sees, is an object of the file."""
    write(tmp_path / "small_trainval_v2_2.0.json", 6, [(9, 9)] * 5, CLASSES)
    write(tmp_path / "small_test_v2_2.0.json", 5, [(9, 9), (9, 9), (9, 9), (0, 9)], CLASSES)
    names = dict(train="small_trainval_v2_2.0.json", val="small_test_v2_2.0.json")
    found = compare(tmp_path, **names)
    assert found.release.name == "AI-TOD v2" and not found.different
    assert found.equal[-1] == "AI-TOD v2 trainval and test together as published: 9 objects"
    write(tmp_path / "aitod_train_v1.json", 4, [], CLASSES)
    found = compare(tmp_path, train="aitod_train_v1.json")
    assert found.equal == [
        "train: this is AI-TOD v1 train as published: 4 images, 8 classes in order"
    ]


def test_objects_and_images_with_one(small, tmp_path):
    write(tmp_path / "train.json", 3, [(9, 9)], ("ship",))
    found = compare(tmp_path, "LEVIRShipDataset", train="train.json")
    assert found.different == [
        "train: LEVIR-Ship train: images with an object 1, published 2",
        "train: LEVIR-Ship train: objects 1, published 2",
    ]
    write(tmp_path / "other.json", 3, [(9, 9)] * 2, ("ship",))
    found = compare(tmp_path, "LEVIRShipDataset", val="other.json")
    assert found.different == ["val: LEVIR-Ship val: no such split; there are train"]


def test_other_data_sets_are_not_compared(small, tmp_path):
    write(tmp_path / "train.json", 3, [(9, 9)], ("ship",))
    assert not compare_with_published(
        inspections(tmp_path, "TinyCocoDataset", {"train": "train.json"})
    )


@pytest.fixture
def editions(monkeypatch):
    """A release of which other files are known too, with their objects per class."""
    edition = Edition("in newer files", {"trainval": (3,) + (0,) * 7, "test": (2,) + (0,) * 7})
    release = Release(
        "AI-TOD v1", AITODDataset, {"trainval": Split(3), "test": Split(2)}, ("trainval", "test"),
        7, side=800, editions=(edition,),
    )  # fmt: skip
    monkeypatch.setattr("adla.dataset_check.published.RELEASES", (release,))


def test_files_of_another_edition_are_told_by_their_classes(editions, tmp_path):
    names = dict(train="trainval.json", test="test.json")
    write(tmp_path / "trainval.json", 3, [(9, 9)] * 3, CLASSES)
    write(tmp_path / "test.json", 2, [(9, 9), (0, 9)], CLASSES)
    found = compare(tmp_path, **names)
    assert found.different == [] and found.equal[2:] == [
        "AI-TOD v1 trainval and test together as in newer files: 5 objects; 7 in the paper",
        "train: AI-TOD v1 trainval: objects of each class as in newer files",
        "test: AI-TOD v1 test: objects of each class as in newer files",
    ]
    # As many as in the paper: whatever the newer files have is no matter.
    write(tmp_path / "test.json", 2, [(9, 9)] * 2 + [(5, 5)] * 2, CLASSES)
    found = compare(tmp_path, **names)
    assert found.different == []
    assert found.equal[-1] == "AI-TOD v1 trainval and test together as published: 7 objects"


def test_classes_with_other_numbers_are_named(editions, tmp_path):
    write(tmp_path / "trainval.json", 3, [(9, 9)] * 2, CLASSES)
    found = compare(tmp_path, train="trainval.json")
    assert found.different == [
        "train: AI-TOD v1 trainval: objects per class are not those in newer files: airplane 2 "
        "for 3; the older files have 7 objects in trainval and test"
    ]


def test_images_of_another_size_or_kind_are_named(editions, tmp_path):
    write(tmp_path / "trainval.json", 3, [(9, 9)] * 3, CLASSES)
    content = json.loads((tmp_path / "trainval.json").read_text())
    content["images"][1] |= dict(width=900, file_name="2.jpg")
    content["images"][2] |= dict(height=300)  # at the border of a scene
    (tmp_path / "trainval.json").write_text(json.dumps(content))
    size, name = compare(tmp_path, train="trainval.json").different
    assert size.endswith("1 images are not 800 x 800 px at most, such as 2.jpg (900 x 800)")
    assert name.endswith("1 file names do not end in .png, such as 2.jpg")


def test_an_edition_adds_up():
    """Sums that the table in AI-TOD's issue 15 prints below its columns."""
    (edition,) = next(release for release in RELEASES if release.name == "AI-TOD v1").editions
    totals = {split: sum(counts) for split, counts in edition.counts.items()}
    assert totals == {"train": 282_589, "val": 70_426, "trainval": 353_015, "test": 347_630}
    parts = zip(edition.counts["train"], edition.counts["val"], strict=True)
    assert edition.counts["trainval"] == tuple(a + b for a, b in parts)
    assert edition.total(("trainval", "test")) == 700_645


def test_hit_uav_at_full_size_is_not_what_its_configs_are_made_for(tmp_path, monkeypatch):
    half = Release("HIT-UAV at half size", HITUAVDataset, {"train": Split(3)}, size=(320, 256))
    monkeypatch.setattr("adla.dataset_check.published.RELEASES", (half,))
    path = tmp_path / "train.json"
    write(path, 3, [(9, 9)], HITUAVDataset.METAINFO["classes"])
    for size, says in (((640, 512), "3 images are not 320 x 256 px, such as 1.png (640 x 512)"),
                       ((320, 256), "")):  # fmt: skip
        content = json.loads(path.read_text())
        for image in content["images"]:
            image |= dict(width=size[0], height=size[1])
        path.write_text(json.dumps(content))
        found = compare_with_published(inspections(tmp_path, "HITUAVDataset", {"train": path.name}))
        different = [text for one in found for text in one.different]
        assert different == ([f"train: HIT-UAV at half size train: {says}"] if says else [])


def test_the_numbers_of_the_releases_add_up():
    """README and papers: 28,036 images of AI-TOD; 3,896 of LEVIR-Ship, 1,973 with a ship."""
    by_name = {release.name: release for release in RELEASES}
    aitod = by_name["AI-TOD v1"].splits
    assert aitod["trainval"].images + aitod["test"].images == 28_036
    assert aitod["train"].images + aitod["val"].images == aitod["trainval"].images
    levir = by_name["LEVIR-Ship"].splits.values()
    assert sum(split.images for split in levir) == 3896
    assert sum(split.with_object for split in levir) == 1973
    hit = by_name["HIT-UAV at half size"].splits.values()
    assert sum(split.images for split in hit) == 2898 and np.sum([s.objects for s in hit]) == 24_751
