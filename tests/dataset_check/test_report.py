import json

import cv2
import numpy as np
import pytest
from rich.console import Console

from adla.dataset_check.network_view import Eyes, eyes_of
from adla.dataset_check.object_sizes import box_sizes, measure_sizes
from adla.dataset_check.output import page, write_json
from adla.dataset_check.pictures import save_histogram, save_smallest
from adla.dataset_check.priors import point_priors
from adla.dataset_check.report import (
    class_table,
    facts_table,
    matching_table,
    problem_list,
    size_table,
)

from .toy import inspect_toy, toy_coco, write_toy


@pytest.fixture
def inspection(tmp_path):
    write_toy(tmp_path)
    return inspect_toy(tmp_path, Eyes(point_priors([4, 32]), size_divisor=32))


def text_of(*renderables) -> str:
    console = Console(width=300, record=True)
    for renderable in renderables:
        console.print(renderable)
    return console.export_text()


def test_facts_by_hand(inspection):
    lines = [" ".join(line.split()) for line in text_of(facts_table([inspection])).splitlines()]
    for line in (
        "number of images 3",
        "without object 1 (33.3%)",
        "number of objects 3",
        "per image 1.00 in the mean, 2 at most",
        f"S (Eq. 6), px {np.sqrt((18 + 108 + 32) / 3):.3f}",
        "vt 0 to 8 px 2 (66.7%)",
        "t 8 to 16 px 1 (33.3%)",
        "network input, px 128 x 96",
        f"S there, px {2 * np.sqrt((18 + 108 + 32) / 3):.3f}",
        "can get a positive 3 (100.0%)",
    ):
        assert line in lines
    # 128 x 96 px: 32 x 24 and 4 x 3 cells; 780 x 2 pairs of 36 bytes.
    assert "about 5.6e-05 GB: 780 priors, 2 objects" in " ".join(lines)


def test_network_numbers(inspection):
    view = inspection.view
    assert view.sizes.scale == pytest.approx(2 * inspection.sizes.scale)
    assert view.matching.no_point == {"4": 0, "32": 3}
    table = text_of(matching_table(view.matching, 3), size_table(inspection.sizes, view))
    assert "contain no grid point of stride 32   3 (100.0%)" in table
    assert f"{inspection.sizes.scale:.3f}" in table and f"{view.sizes.scale:.3f}" in table


def test_a_mosaic_holds_the_objects_of_four_images(tmp_path):
    write_toy(tmp_path)
    mosaic = [dict(type="Mosaic", img_scale=(64, 64))]
    view = inspect_toy(tmp_path, Eyes(point_priors([4])), pipeline=mosaic).view
    assert (view.most_objects, view.num_priors) == (8, 32 * 32)
    assert view.memory == pytest.approx(8 * 32 * 32 * 36 / 1e9)


def test_classes_are_shown_where_there_are_several(inspection, tmp_path):
    assert [line.split() for line in text_of(class_table([inspection])).splitlines()[3:5]] == [
        ["ship", "2"],
        ["car", "1"],
    ]
    one = inspect_toy(tmp_path, metainfo=dict(classes=("ship",)))
    assert class_table([one]) is None


def test_worst_problem_first_and_not_every_place(tmp_path):
    coco = toy_coco()
    for k in range(5):
        coco["annotations"].append(dict(coco["annotations"][0], id=10 + k))
    write_toy(tmp_path, coco)
    warned = inspect_toy(tmp_path)
    coco["images"][0]["width"] = 65
    write_toy(tmp_path, coco)
    spoilt = inspect_toy(tmp_path)
    lines = text_of(problem_list([warned, spoilt])).splitlines()
    assert lines[0].startswith("error   train: 1 x image-size")
    assert lines[2].startswith("warning train: 6 x duplicate-box")
    assert len(lines) == 12 and lines[6].strip() == "and 3 more, all in --json"


def test_nothing_there_is_shown_too(tmp_path):
    coco = toy_coco() | dict(annotations=[])
    write_toy(tmp_path, coco)
    inspection = inspect_toy(tmp_path, Eyes(point_priors([4])))
    assert "no object" in text_of(facts_table([inspection]))
    assert inspection.view.matching.matched == 0
    assert save_smallest(tmp_path / "p.png", [inspection]) == 0
    assert not (tmp_path / "p.png").exists()
    write_json(tmp_path / "a.json", inspection.as_dict())
    assert json.loads((tmp_path / "a.json").read_text())["sizes"]["scale"] is None


def test_no_images_at_all(tmp_path):
    write_toy(tmp_path, dict(toy_coco(), images=[], annotations=[]))
    inspection = inspect_toy(tmp_path, Eyes(point_priors([4])))
    assert inspection.view is None
    assert "number of images" in text_of(facts_table([inspection]))
    assert {"no-object", "does-not-load"} & {problem.kind for problem in inspection.problems}


def test_a_head_without_priors_gets_a_note(tmp_path):
    write_toy(tmp_path)
    for model, note in (
        (dict(type="DETR"), "no anchors or points"),
        (None, "no model"),
        (dict(bbox_head=dict(type="NoHead")), "model.bbox_head cannot be built"),
    ):
        view = inspect_toy(tmp_path, eyes_of(model)).view
        assert view.matching is None and note in view.notes[-1]


def test_smallest_objects_are_enlarged_and_unreadable_images_left_out(inspection, tmp_path):
    assert save_smallest(tmp_path / "p.png", [inspection], columns=2) == 3
    assert cv2.imread(str(tmp_path / "p.png")).shape[0] > 600
    assert save_smallest(tmp_path / "q.png", [inspection], count=2) == 2
    (tmp_path / "images/1.png").unlink()
    (tmp_path / "images/2.png").write_bytes(b"x")
    assert save_smallest(tmp_path / "r.png", [inspection]) == 0


def test_histogram_is_written(tmp_path):
    boxes = np.array([[0, 0, s, s] for s in (3, 9, 20, 40, 150)], float)
    sizes = measure_sizes(boxes)
    panels = {"original": (box_sizes(boxes), sizes), "network": (box_sizes(boxes), sizes)}
    picture = cv2.imread(str(save_histogram(tmp_path / "h.png", panels)))
    assert picture.shape[1] > picture.shape[0] > 300
    assert len(np.unique(picture[::5, ::5].reshape(-1, 3), axis=0)) > 10


def test_a_pipe_gets_a_fixed_width_without_colors(tmp_path):
    with open(tmp_path / "out", "w") as stream:
        page(stream).print("[red]" + "word " * 30)
    text = (tmp_path / "out").read_text()
    assert "\x1b" not in text and max(map(len, text.splitlines())) <= 110


def test_json_has_null_for_what_is_no_number(tmp_path):
    write_json(tmp_path / "a.json", {"a": [float("nan"), 1.5], "b": (float("inf"),)})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [None, 1.5], "b": [None]}
