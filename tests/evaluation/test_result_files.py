"""Files that people bring: what is read, what is refused, and how it is said."""

import copy
import json

import pytest

from adla.evaluation.result_files import load_detections, load_ground_truth

GT = {
    "images": [
        {"id": i, "file_name": f"{i}.png", "width": 100, "height": 80} for i in (3, 1)
    ],
    "categories": [{"id": 2, "name": "ship"}, {"id": 5, "name": "plane"}],
    "annotations": [
        {"id": 1, "image_id": 3, "category_id": 5, "bbox": [1, 2, 8, 8], "area": 64, "iscrowd": 0}
    ],
}  # fmt: skip
DT = [
    {"image_id": 3, "category_id": 5, "bbox": [1, 2, 8, 8.5], "score": 0.9},
    {"image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 4], "score": 1},
]


def load_gt(folder, changes=()):
    content = copy.deepcopy(GT)
    for keys, value in changes:
        place = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
    (folder / "gt.json").write_text(json.dumps(content))
    return load_ground_truth(folder / "gt.json")


def load_dt(folder, content):
    dataset, truth, _ = load_gt(folder)
    (folder / "dt.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return load_detections(folder / "dt.json", dataset, truth)


def with_entry(**changes):
    return [DT[0], {**DT[1], **changes}]


def test_ground_truth(tmp_path):
    dataset, truth, notes = load_gt(tmp_path)
    assert dataset == GT and notes == []
    assert (truth.image_ids, truth.class_names) == ([1, 3], ["ship", "plane"])
    assert (truth.images.tolist(), truth.labels.tolist()) == ([1], [1])
    assert (truth.boxes.tolist(), truth.areas.tolist()) == ([[1, 2, 8, 8]], [64])


def test_annotation_id_zero_is_shifted_and_said(tmp_path):
    _, truth, (note,) = load_gt(tmp_path, [(("annotations", 0, "id"), 0)])
    assert len(truth.boxes) == 1 and "annotation with id 0" in note and "shifted" in note


@pytest.mark.parametrize("name", ["3.png", ".//3.png", "x/../3.png"])
def test_one_file_under_two_ids_is_said(tmp_path, name):
    _, _, (note,) = load_gt(tmp_path, [(("images", 1, "file_name"), name)])
    assert "gt.json: 1 image file is listed under several ids: '3.png' under 3 and 1" in note
    assert ("('.//3.png')" in note) == (name == ".//3.png")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((("images", 1, "id"), 3), r"images\[1\]: id 3 is there more than once"),
        ((("categories", 1, "id"), 2), "is there more than once"),
        ((("annotations", 0, "image_id"), 7), "image_id 7 is not in the file"),
        ((("annotations", 0, "category_id"), 7), "category_id 7 is not in the file"),
        ((("annotations", 0, "bbox"), [1, 2, -8, 8]), "1 of 1 entries have a negative width or"),
        ((("annotations", 0, "bbox"), [1, 2, float("nan"), 8]), "a bbox that is not finite"),
        ((("annotations", 0, "bbox"), [1, 2, 1e308, 8]), "1 of 1 entries have a bbox beyond any"),
        ((("annotations", 0, "area"), -1), "an area that is negative or not finite"),
        ((("categories", 1, "name"), "ship"), "two categories have the same name"),
        ((("images", 1, "id"), "3"), "some image ids are text and some numbers"),
    ],
)
def test_ground_truth_that_is_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=f"(?s)gt.json.*{message}"):
        load_gt(tmp_path, [change])


@pytest.mark.parametrize("content", [DT, {"annotations": DT}, {**GT, "annotations": DT}])
def test_detections(tmp_path, content):
    detections, notes = load_dt(tmp_path, content)
    assert notes == []
    assert (detections.images.tolist(), detections.labels.tolist()) == ([1, 0], [1, 0])
    assert detections.boxes.tolist() == [[1, 2, 8, 8.5], [0, 0, 4, 4]]
    assert detections.scores.tolist() == [0.9, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[{", "is not JSON"),
        ({"images": []}, "no list of detections"),
        ([DT[0], 7], "1 of 2 entries have no 'image_id', the first is entry 1: 7"),
        ([{k: v for k, v in DT[0].items() if k != "score"}], "1 of 1 entries have no 'score'"),
        (with_entry(image_id=4), "1 of 2 detections have a image_id that is not in the ann.*: 4"),
        (with_entry(image_id="3"), "'3'; those of the annotations are int, such as 1"),
        (with_entry(image_id="3.png"), "'3.png'; they are names: write the ids"),
        (with_entry(image_id=None), "a image_id that is no whole number or text"),
        (with_entry(category_id=1), "category_id that is not in the annotations: 1"),
        (with_entry(category_id="ship"), "'ship'; they are names: write the ids"),
        (with_entry(category_id="5"), "'5'; those of the annotations are int, such as 2"),
        (with_entry(bbox=[0, 0, 4]), "a bbox that is not four numbers, the first is entry 1"),
        (with_entry(bbox=[0, 0, 4, "4"]), "a bbox that is not four numbers"),
        (with_entry(bbox=[0, 0, 4, None]), "a bbox that is not four numbers"),
        (with_entry(bbox=[0, 0, 4, float("nan")]), "a bbox that is not finite"),
        (with_entry(bbox=[0, -1e300, 4, 4]), "a bbox beyond any pixel"),
        (with_entry(bbox=[9, 9, -4, 4]), "a negative width or height"),
        (with_entry(score="0.5"), "a score that is not a number"),
        (with_entry(score=float("nan")), r"a score outside \[0, 1\]"),
        (with_entry(score=99.5), r"a score outside \[0, 1\] \(divide percentages by 100\)"),
        (with_entry(score=-0.1), r"a score outside \[0, 1\]"),
        (
            {"annotations": DT, "categories": [{"id": 2, "name": "car"}]},
            "names category 2 'car', but the annotations 'ship'",
        ),
    ],
)
def test_detections_that_are_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=f"dt.json.*{message}"):
        load_dt(tmp_path, content)


def test_no_detection_is_said(tmp_path):
    detections, (note,) = load_dt(tmp_path, [])
    assert len(detections.scores) == 0 and "not a single detection" in note


def test_boxes_that_look_like_corners_are_said(tmp_path):
    _, (note,) = load_dt(tmp_path, [{**DT[0], "bbox": [60, 40, 70, 50]}])
    assert "100% of the boxes end outside of their image" in note and "[x1, y1, x2, y2]" in note


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.json does not exist"):
        load_ground_truth(tmp_path / "no.json")
    dataset, truth, _ = load_gt(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"detection file .*no\.json does not exist"):
        load_detections(tmp_path / "no.json", dataset, truth)
