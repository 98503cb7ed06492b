import json

import pytest

from adla.visualization.coco_results import read_samples


def write(folder, names):
    """An annotation file of images of these names, and a detection in each."""
    images = [
        {"id": k, "file_name": name, "width": 9, "height": 9} for k, name in enumerate(names, 1)
    ]
    coco = {"images": images, "annotations": [], "categories": [{"id": 1, "name": "ship"}]}
    (folder / "gt.json").write_text(json.dumps(coco))
    found = [
        {"image_id": one["id"], "category_id": 1, "bbox": [1, 1, 2, 2], "score": 0.5}
        for one in images
    ]
    (folder / "dt.json").write_text(json.dumps(found))
    return folder / "gt.json", folder / "dt.json"


def test_samples_go_by_file_name_and_none_is_lost(tmp_path):
    samples = read_samples(*write(tmp_path, ["a.png", "b.png"]))
    assert {name: len(sample.found) for name, sample in samples.items()} == {"a.png": 1, "b.png": 1}
    with pytest.raises(ValueError, match=r"gt\.json: the image file 'a\.png' is there 2 times"):
        read_samples(*write(tmp_path, ["a.png", "b.png", "a.png"]))
