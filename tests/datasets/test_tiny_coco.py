import json
import logging
import pickle
from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.dataset import ConcatDataset
from mmengine.logging import MMLogger

from adla.datasets import AITODDataset, LEVIRShipDataset, SIRSTV2Dataset, TinyCocoDataset

IMAGES = {"img": ""}
TWO_CLASSES = {"classes": ("ship", "plane")}


def write_coco(path, annotations, categories=("ship", "plane"), images=2):
    """One image of 64x48 pixels per id; annotations are (id, image, category, bbox, extras)."""
    coco = {
        "images": [
            {"id": i + 1, "file_name": f"{i + 1}.png", "width": 64, "height": 48}
            for i in range(images)
        ],
        "categories": [{"id": 10 * (i + 1), "name": name} for i, name in enumerate(categories)],
        "annotations": [
            {
                "id": ann_id,
                "image_id": image_id,
                "category_id": category_id,
                "bbox": bbox,
                "area": bbox[2] * bbox[3],
                "iscrowd": 0,
                **extras,
            }
            for ann_id, image_id, category_id, bbox, extras in annotations
        ],
    }
    path.write_text(json.dumps(coco))
    return str(path)


@pytest.fixture
def messages():
    """Warnings that the dataset logs."""
    records = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def boxes_of(dataset, index=0):
    return [i["bbox"] for i in dataset.get_data_info(index)["instances"]]


def test_boxes_under_one_pixel_stay(tmp_path, messages):
    # Not exactly representable in binary: the coordinates must come through untouched.
    tiny, thin, normal = [3.3, 4.7, 0.1, 0.2], [5, 6, 7.7, 0.9], [1, 2, 3.5, 4.25]
    ann = write_coco(
        tmp_path / "a.json",
        [
            (1, 1, 10, tiny, {"area": 0}),
            (2, 1, 20, thin, {"iscrowd": 1}),
            (3, 1, 10, normal, {}),
        ],
    )
    dataset = TinyCocoDataset(ann_file=ann, data_prefix=IMAGES, metainfo=TWO_CLASSES, pipeline=[])
    assert boxes_of(dataset) == [[x, y, x + w, y + h] for x, y, w, h in (tiny, thin, normal)]
    instances = dataset.get_data_info(0)["instances"]
    assert [i["bbox_label"] for i in instances] == [0, 1, 0]
    assert [i["ignore_flag"] for i in instances] == [0, 1, 0]
    assert dataset.dropped == {} and not messages

    stock = DATASETS.build(
        {
            "type": "CocoDataset",
            "ann_file": ann,
            "data_prefix": IMAGES,
            "metainfo": TWO_CLASSES,
            "pipeline": [],
        }
    )
    assert len(boxes_of(stock)) == 1


def test_what_is_dropped_is_counted_and_said_in_one_line(tmp_path, messages):
    ann = write_coco(
        tmp_path / "a.json",
        [
            (1, 1, 10, [1, 1, 5, 5], {}),
            (2, 1, 10, [1, 1, 0, 5], {}),
            (3, 1, 10, [1, 1, 5, -2], {}),
            (4, 1, 10, [64, 1, 5, 5], {}),
            (5, 1, 10, [-5, 1, 5, 5], {}),
            (6, 1, 10, [1, 1, 5, 5], {"ignore": 1}),
            (7, 2, 30, [1, 1, 5, 5], {}),
            (8, 2, 10, [1, 1, float("nan"), 5], {}),
            (9, 2, 10, [1, 1, float("inf"), 5], {"area": 0}),
        ],
        categories=("ship", "plane", "car"),
    )
    dataset = TinyCocoDataset(ann_file=ann, data_prefix=IMAGES, metainfo=TWO_CLASSES, pipeline=[])
    assert boxes_of(dataset) == [[1, 1, 6, 6]] and boxes_of(dataset, 1) == []
    assert dataset.dropped == {
        "without width or height": 2,
        "outside their image": 2,
        "marked ignore": 1,
        "of classes not asked for": 1,
        "with a coordinate that is not finite": 2,
    }
    assert len(messages) == 1
    assert messages[0].startswith(f"{ann}: dropped 8 boxes: 2 without width or height, 2 outside")


def test_boxes_of_common_size_load_as_in_mmdet(tmp_path):
    polygon = {"segmentation": [[1, 1, 4, 1, 4, 5]]}
    ann = write_coco(
        tmp_path / "a.json",
        [
            (1, 1, 10, [1.25, 1.1, 1, 3.3], polygon),
            (2, 1, 20, [-3, 40, 20, 20], {"iscrowd": 1}),
            (3, 2, 10, [60.7, 2, 8, 1], {}),
            (4, 2, 10, [1, 1, 5, 5], {"ignore": 1}),
            (5, 2, 10, [70, 1, 5, 5], {}),
        ],
    )
    args = {"ann_file": ann, "data_prefix": IMAGES, "metainfo": TWO_CLASSES, "pipeline": []}
    ours = TinyCocoDataset(**args)
    stock = DATASETS.build({"type": "CocoDataset", **args})
    for index in range(2):
        assert ours.get_data_info(index) == stock.get_data_info(index)
    assert len(boxes_of(ours)) == 2 and len(boxes_of(ours, 1)) == 1


def test_min_box_size(tmp_path, messages):
    ann = write_coco(
        tmp_path / "a.json",
        [
            (1, 1, 10, [1, 1, 2, 9], {}),
            (2, 1, 10, [1, 1, 9, 1.9], {}),
            (3, 1, 10, [1, 1, 3, 3], {}),
        ],
    )
    dataset = TinyCocoDataset(
        ann_file=ann, data_prefix=IMAGES, metainfo=TWO_CLASSES, pipeline=[], min_box_size=2
    )
    assert boxes_of(dataset) == [[1, 1, 3, 10], [1, 1, 4, 4]]
    assert "1 with a side under min_box_size=2 px" in messages[0]
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match="min_box_size must be at least 0"):
            TinyCocoDataset(ann_file=ann, min_box_size=wrong)


def test_negatives_stay_unless_asked(tmp_path):
    ann = write_coco(tmp_path / "a.json", [(1, 1, 10, [1, 1, 5, 5], {})], images=3)
    for cfg in (None, {"min_size": 32}):
        dataset = TinyCocoDataset(
            ann_file=ann, data_prefix=IMAGES, metainfo=TWO_CLASSES, pipeline=[], filter_cfg=cfg
        )
        assert len(dataset) == 3
    cfg = {"filter_empty_gt": True}
    args = {
        "ann_file": ann,
        "data_prefix": IMAGES,
        "metainfo": TWO_CLASSES,
        "pipeline": [],
        "filter_cfg": cfg,
    }
    assert len(TinyCocoDataset(**args)) == 1
    assert len(TinyCocoDataset(**args, test_mode=True)) == 3


def test_labels_follow_the_classes_not_the_file(tmp_path):
    ann = write_coco(
        tmp_path / "a.json",
        [(1, 1, 10, [1, 1, 5, 5], {}), (2, 1, 20, [1, 1, 5, 5], {})],
        categories=("plane", "ship"),
    )
    dataset = TinyCocoDataset(ann_file=ann, data_prefix=IMAGES, metainfo=TWO_CLASSES, pipeline=[])
    names = [dataset.metainfo["classes"][i["bbox_label"]] for i in dataset[0]["instances"]]
    assert names == ["plane", "ship"]


def test_missing_class_and_other_naming(tmp_path):
    ann = write_coco(tmp_path / "a.json", [], categories=AITODDataset.METAINFO["classes"][:-1])
    with pytest.raises(ValueError, match=r"a\.json has no category \['wind-mill'\]"):
        AITODDataset(ann_file=ann, pipeline=[])
    names = [name.replace("-", "_") for name in AITODDataset.METAINFO["classes"]]
    ann = write_coco(tmp_path / "b.json", [], categories=names)
    with pytest.raises(ValueError, match=r"no category \['storage-tank', .*metainfo"):
        AITODDataset(ann_file=ann, pipeline=[])
    ann = write_coco(tmp_path / "c.json", [], categories=("ship", "ship"))
    with pytest.raises(ValueError, match=r"more than one category named \['ship'\]"):
        LEVIRShipDataset(ann_file=ann, pipeline=[])


def test_annotation_id_zero_is_a_box_like_any_other(tmp_path):
    ann = write_coco(tmp_path / "a.json", [(0, 1, 10, [1, 1, 5, 5], {})])
    assert boxes_of(
        TinyCocoDataset(ann_file=ann, data_prefix=IMAGES, metainfo=TWO_CLASSES, pipeline=[])
    ) == [[1, 1, 6, 6]]


def test_wrappers_lazy_init_and_pickling(tmp_path):
    ann = write_coco(tmp_path / "a.json", [(1, 1, 10, [1, 1, 0.5, 0.5], {})])
    cfg = {
        "type": "TinyCocoDataset",
        "ann_file": ann,
        "data_prefix": IMAGES,
        "metainfo": TWO_CLASSES,
        "pipeline": [],
    }
    lazy = DATASETS.build({**cfg, "lazy_init": True})
    lazy.full_init()
    assert boxes_of(lazy) == [[1, 1, 1.5, 1.5]]
    copy = pickle.loads(pickle.dumps(lazy))
    assert boxes_of(copy) == boxes_of(lazy)
    repeated = DATASETS.build({"type": "RepeatDataset", "dataset": cfg, "times": 3})
    assert len(repeated) == 6 and boxes_of(repeated, 4) == boxes_of(lazy)
    both = ConcatDataset([lazy, DATASETS.build(cfg)])
    assert len(both) == 4 and boxes_of(both, 2) == boxes_of(lazy)


def test_classes_of_the_field():
    # Order of AI-TOD's published files.
    assert AITODDataset.METAINFO["classes"] == (
        "airplane",
        "bridge",
        "storage-tank",
        "ship",
        "swimming-pool",
        "vehicle",
        "person",
        "wind-mill",
    )
    assert LEVIRShipDataset.METAINFO["classes"] == ("ship",)
    assert SIRSTV2Dataset.METAINFO["classes"] == ("Target",)
    for name in ("AITODDataset", "LEVIRShipDataset", "SIRSTV2Dataset"):
        meta = DATASETS.get(name).METAINFO
        assert len(meta["palette"]) == len(meta["classes"]) == len(set(meta["palette"]))


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.png", "a/../../b.png", "C:\\x.png"])
def test_file_names_that_leave_the_folder_are_refused(tmp_path, name):
    ann = write_coco(tmp_path / "ann.json", [(1, 1, 10, [1, 2, 3, 4], {})], images=1)
    content = json.loads(Path(ann).read_text())
    content["images"][0]["file_name"] = name
    Path(ann).write_text(json.dumps(content))
    options = dict(ann_file=ann, data_prefix=IMAGES, metainfo=TWO_CLASSES, pipeline=[])
    with pytest.raises(ValueError, match="leaves the image folder"):
        TinyCocoDataset(**options)
    assert len(TinyCocoDataset(**options, names_may_leave=True)) == 1
