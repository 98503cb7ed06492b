import json
import math
import re

import pytest

from adla.datasets import TinyCocoDataset
from adla.datasets.coco_file import coco_problems, load_coco, read_json

from .converters.damage import check_damages, damage_json


def make_coco():
    return {
        "images": [
            {"id": 3, "file_name": "a.png", "width": 64, "height": 48},
            {"id": "b", "file_name": "b.png", "width": 64.0, "height": 48},
        ],
        "categories": [{"id": 0, "name": "ship"}, {"id": 1, "name": "plane"}],
        "annotations": [
            {"id": 1, "image_id": 3, "category_id": 0, "bbox": [1, 2, 3.5, 4], "area": 14},
            {"id": 2, "image_id": "b", "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 1},
        ],
    }


def open_dataset(path):
    return TinyCocoDataset(
        ann_file=str(path),
        data_prefix={"img": ""},
        metainfo={"classes": ("ship", "plane")},
        pipeline=[],
        serialize_data=False,  # would collect garbage every time
    )


def test_sound_file(tmp_path):
    assert coco_problems(make_coco()) == []
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(make_coco()).encode())
    assert load_coco(tmp_path / "a.json") == make_coco()
    assert len(open_dataset(tmp_path / "a.json")) == 2


BREAKAGES = {
    'no list "images"': lambda c: c.pop("images"),
    'no list "annotations"': lambda c: c.update(annotations=None),
    'no list "categories"': lambda c: c.update(categories={}),
    '"images" is empty': lambda c: c.update(images=[], annotations=[]),
    r"images\[1\]: 7 is no object": lambda c: c["images"].__setitem__(1, 7),
    r"images\[1\]: id 3 is there more than once": lambda c: c["images"][1].update(id=3),
    r"images\[0\]: id None is no whole number": lambda c: c["images"][0].pop("id"),
    r"images\[0\]: id True is no whole": lambda c: c["images"][0].update(id=True),
    r"images\[0\]: width 0 is no size": lambda c: c["images"][0].update(width=0),
    r"images\[0\]: height '48' is no": lambda c: c["images"][0].update(height="48"),
    r"images\[0\]: width nan is no": lambda c: c["images"][0].update(width=math.nan),
    r"images\[0\]: file_name None is no name": lambda c: c["images"][0].pop("file_name"),
    r"categories\[1\]: name 5 is no string": lambda c: c["categories"][1].update(name=5),
    r"annotations\[1\]: id 1 is there more": lambda c: c["annotations"][1].update(id=1),
    r"annotations\[0\]: image_id '3' is not in": lambda c: c["annotations"][0].update(image_id="3"),
    r"annotations\[0\]: category_id \[\] is no whole": lambda c: c["annotations"][0].update(
        category_id=[]
    ),
    r"annotations\[0\]: bbox \[1, 2, 3\] is not four": lambda c: c["annotations"][0].update(
        bbox=[1, 2, 3]
    ),
    r"annotations\[0\]: bbox None is not": lambda c: c["annotations"][0].pop("bbox"),
    r"annotations\[0\]: area 'x' is no number": lambda c: c["annotations"][0].update(area="x"),
    r"annotations\[1\]: iscrowd 2 is neither": lambda c: c["annotations"][1].update(iscrowd=2),
}


@pytest.mark.parametrize("message", BREAKAGES)
def test_damage_is_named(tmp_path, message):
    coco = make_coco()
    BREAKAGES[message](coco)
    (tmp_path / "a.json").write_text(json.dumps(coco))
    with pytest.raises(ValueError, match=rf"problem\(s\) in .*a\.json:\n(.*\n)*  - {message}"):
        open_dataset(tmp_path / "a.json")


def test_all_damage_in_one_message(tmp_path):
    coco = make_coco()
    coco["images"][0]["width"] = -1
    for ann in coco["annotations"]:
        ann["bbox"] = "x"
    (tmp_path / "a.json").write_text(json.dumps(coco))
    with pytest.raises(ValueError, match=r"^3 problem\(s\) in "):
        load_coco(tmp_path / "a.json")


def test_no_file_and_no_json(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.json does not exist; no json file is there"):
        load_coco(tmp_path / "a.json")
    (tmp_path / "small_test_v1_1.0.json").write_text('{"images": [')
    with pytest.raises(FileNotFoundError, match=r"exist; .* holds small_test_v1_1\.0\.json"):
        open_dataset(tmp_path / "a.json")
    for text, message in {
        '{"images": [': "not JSON",
        "[" * 10**5: "not JSON",
        '{"images": ["\\ud800"]}': "not JSON ('\\ud800' is half of a character)",
        "[]": "not a COCO file: a list",
    }.items():
        (tmp_path / "b.json").write_text(text)
        with pytest.raises(ValueError, match=rf"b\.json:\n  - {re.escape(message)}"):
            load_coco(tmp_path / "b.json")
    (tmp_path / "pair.json").write_text(r'["\ud83d\udea2"]')
    assert read_json(tmp_path / "pair.json") == ["\N{SHIP}"]


def test_a_damaged_file_loads_or_gives_one_message(tmp_path):
    path = tmp_path / "damaged.json"

    def check(data):
        path.write_bytes(data)
        try:
            dataset = open_dataset(path)
        except ValueError as error:
            assert "damaged.json" in str(error)
            return
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            for instance in info["instances"]:
                x1, y1, x2, y2 = instance["bbox"]
                assert x1 < x2 and y1 < y2 and x1 < info["width"] and y1 < info["height"]
                assert all(map(math.isfinite, instance["bbox"]))
                assert instance["bbox_label"] in (0, 1) and instance["ignore_flag"] in (0, 1)

    check_damages(500, lambda rng: damage_json(make_coco(), rng), check)
