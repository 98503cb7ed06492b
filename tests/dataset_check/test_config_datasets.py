import json

import pytest
from mmengine.config import Config

from adla.dataset_check.annotations import read_records
from adla.dataset_check.config_datasets import config_sources, open_dataset

from .toy import inspect_toy, toy_coco, toy_dataset, write_toy

STEP = dict(type="Resize", scale_factor=3.0)


def sources_of(split="all", **datasets):
    return config_sources(
        Config({f"{name}_dataloader": dict(dataset=d) for name, d in datasets.items()}), split
    )


def test_paths_and_classes_are_those_of_the_config(tmp_path):
    write_toy(tmp_path)
    (source,) = sources_of(train=toy_dataset(tmp_path))
    assert source.ann_file == tmp_path / "train.json"
    assert source.image_dir == tmp_path / "images" and source.classes == ["ship", "car"]
    assert source.splits == ["train"]


def test_wrappers_are_opened_and_their_transforms_come_last(tmp_path):
    write_toy(tmp_path)
    (tmp_path / "more.json").write_text((tmp_path / "train.json").read_text())
    first, second = (toy_dataset(tmp_path, ann_file=f"{n}.json") for n in ("train", "more"))
    mixed = dict(type="MultiImageMixDataset", dataset=second, pipeline=[STEP])
    both = dict(
        type="ConcatDataset", datasets=[first, dict(type="RepeatDataset", times=3, dataset=mixed)]
    )
    sources = sources_of(train=both)
    assert [source.ann_file.name for source in sources] == ["train.json", "more.json"]
    assert [len(source.pipeline) for source in sources] == [2, 3]
    assert sources[1].pipeline[-1] == STEP


def test_splits_that_read_the_same_come_once(tmp_path):
    write_toy(tmp_path)
    test = toy_dataset(tmp_path, test_mode=True)
    sources = sources_of(train=toy_dataset(tmp_path), val=test, test=test)
    assert [source.splits for source in sources] == [["train"], ["val", "test"]]
    assert [source.splits for source in sources_of("val", train=test, val=test)] == [["val"]]


def test_filter_and_indices_are_those_of_the_config(tmp_path):
    write_toy(tmp_path)
    everything = inspect_toy(tmp_path)
    assert (everything.num_images, everything.num_empty) == (3, 1)
    filtered = inspect_toy(tmp_path, filter_cfg=dict(filter_empty_gt=True))
    assert (filtered.num_images, filtered.num_empty) == (2, 0)
    part = inspect_toy(tmp_path, indices=[1])
    assert (part.num_images, part.sizes.count, part.most_objects) == (1, 1, 1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (dict(ann_file="no.json"), FileNotFoundError, r"no\.json.*train_dataloader\.dataset"),
        (dict(ann_file=None), ValueError, "train_dataloader.dataset has no ann_file: name its"),
        (dict(ann_file=""), ValueError, "train_dataloader.dataset has no ann_file: name its"),
        (
            dict(type="NoDataset"),
            ValueError,
            "train_dataloader.dataset cannot be built: .*NoDataset",
        ),
        (dict(type="BaseDetDataset"), ValueError, "is a BaseDetDataset; only datasets .* COCO"),
        (dict(min_box_size=-1), ValueError, "min_box_size must be at least 0"),
    ],
)
def test_a_dataset_that_cannot_be_opened_is_named(tmp_path, options, error, message):
    write_toy(tmp_path)
    with pytest.raises(error, match=message):
        sources_of(train=toy_dataset(tmp_path, **options))


def test_a_split_that_is_not_there_is_named(tmp_path):
    write_toy(tmp_path)
    with pytest.raises(ValueError, match="no test_dataloader"):
        sources_of("test", train=toy_dataset(tmp_path))
    with pytest.raises(ValueError, match="neither train_"):
        config_sources(Config(dict(train_dataloader=None)))


def test_loading_is_quiet(tmp_path, capsys):
    write_toy(tmp_path)
    (source,) = sources_of(train=toy_dataset(tmp_path, type="CocoDataset"))
    assert open_dataset(source.dataset).boxes == {1: 2, 2: 1, 3: 0}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a COCO file"),
        ('{"images": [], "annotations": []}', 'no list "categories"'),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_no_coco_file_is_named(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=r"a\.json") as error:
        read_records(tmp_path / "a.json")
    assert message in str(error.value)


def test_records_are_as_written(tmp_path):
    coco = toy_coco()
    coco["annotations"][1]["segmentation"] = [[1, 2, 3, 4, 5, 6]]
    (tmp_path / "a.json").write_text(json.dumps(coco))
    records = read_records(tmp_path / "a.json")
    assert records.boxes.tolist() == [ann["bbox"] for ann in coco["annotations"]]
    assert records.ann_images.tolist() == [0, 0, 1] and records.masks.tolist() == [
        False,
        True,
        False,
    ]
    assert records.usable(["car"]).tolist() == [False, True, False]
    assert records.usable(images={2}).tolist() == [False, False, True]
