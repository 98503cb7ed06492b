"""Boxes that vanish in float32: what a training keeps has a finite loss wherever it lands."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmdet.models.task_modules.coders import DeltaXYWHBBoxCoder
from mmdet.structures.bbox import HorizontalBoxes

from adla.datasets import TinyCocoDataset
from adla.datasets.box_precision import shortest_side, vanishes

from .test_tiny_coco import messages  # noqa: F401


def load(folder, boxes, width=2000, height=1500, **options):
    """Return a dataset of one image per box."""
    coco = {
        "images": [
            {"id": k, "file_name": f"{k}.png", "width": width, "height": height}
            for k, _ in enumerate(boxes, 1)
        ],
        "categories": [{"id": 1, "name": "ship"}],
        "annotations": [
            {"id": k, "image_id": k, "category_id": 1, "bbox": list(box), "iscrowd": 0}
            for k, box in enumerate(boxes, 1)
        ],
    }
    (folder / "a.json").write_text(json.dumps(coco))
    return TinyCocoDataset(
        ann_file=str(folder / "a.json"),
        data_prefix={"img": ""},
        metainfo={"classes": ("ship",)},
        pipeline=[],
        serialize_data=False,
        **options,
    )


def counts(dataset):
    infos = map(dataset.get_data_info, range(len(dataset)))
    return [len(info["instances"]) for info in infos]


@pytest.mark.parametrize(
    "box",
    [
        (1000, 10, 1e-5, 8),
        (10, 1000, 8, 1e-5),
        (10, 10, 1e-7, 1e-7),
        (0, 0, 1e-12, 8),  # float32 keeps it here, but not where a flip takes it
        (1999.5, 10, 6e-5, 8),
        (1999.9999, 10, 8, 8),  # mmdet's Resize clips boxes: 0.0001 px are left, 0.00095 must be
        (10, 1499.9995, 8, 8),
        (-8, 10, 8 + 1e-9, 8),
        (10, -8, 8, 8.0009),
    ],
)
def test_a_vanishing_box_is_dropped_with_a_line(tmp_path, messages, box):  # noqa: F811
    dataset = load(tmp_path, [box, (5, 5, 0.01, 0.01)])
    assert counts(dataset) == [0, 1]
    assert dataset.dropped == {"whose width or height vanishes in float32": 1}
    (line,) = messages
    assert "dropped 1 boxes: 1 whose width or height vanishes in float32" in line


@pytest.mark.parametrize(
    "box", [(1999.999, 10, 8, 8), (10, 1499.999, 8, 8), (-8, 10, 8.001, 8), (-9, -9, 3000, 3000)]
)
def test_a_box_over_the_edge_stays_as_it_is(tmp_path, box):
    dataset = load(tmp_path, [box])
    ((instance,),) = [dataset.get_data_info(0)["instances"]]
    x, y, w, h = box
    assert instance["bbox"] == [x, y, x + w, y + h] and not dataset.dropped


@given(
    extent=st.integers(8, 60000),
    resized=st.integers(8, 60000),
    side=st.floats(1, 1e4),
    beyond=st.floats(0, 1e4),
    upper=st.booleans(),
)
def test_what_stays_over_the_edge_has_a_side_after_resizing_and_clipping(
    extent, resized, side, beyond, upper
):
    side = min(1.01 * side * shortest_side(extent), extent)
    start = extent - side if upper else -beyond
    assert not vanishes(start, beyond + side, extent, extent)
    box = HorizontalBoxes(torch.tensor([[start, 0, start + beyond + side, extent / 4]]))
    box.rescale_((resized / extent, 1))
    box.clip_((extent, resized))
    assert (box.widths > side * resized / extent / 4).all()


@given(
    extent=st.floats(8, 60000),
    side=st.floats(1, 1e4),
    place=st.floats(0, 1),
    other=st.floats(0, 1),
    mosaic=st.booleans(),
)
def test_what_stays_has_a_finite_target_after_a_flip_and_a_mosaic(
    extent, side, place, other, mosaic
):
    side *= shortest_side(extent)
    x, y = place * (extent - side), other * extent / 2
    box = torch.tensor([[x, y, x + side, y + extent / 4]])
    flipped = extent - box[:, [2, 1, 0, 3]]
    flipped = torch.stack([flipped[:, 0], box[:, 1], flipped[:, 2], box[:, 3]], dim=1)
    moved = torch.cat([box, flipped]) + mosaic * extent
    width = moved[:, 2] - moved[:, 0]
    assert (width > side / 4).all()
    priors = torch.tensor([[x, y, x + 8, y + 8]]).expand(2, 4)
    assert DeltaXYWHBBoxCoder().encode(priors, moved).isfinite().all()


def test_an_image_whose_boxes_are_all_dropped_is_empty(tmp_path):
    boxes = [(1000, 10, 1e-5, 8), (5, 5, 4, 4), (5, 5, 0, 4), (3000, 5, 4, 4), (5, 5, 2, 2)]
    assert counts(load(tmp_path, boxes)) == [0, 1, 0, 0, 1]
    asked = {"filter_cfg": {"filter_empty_gt": True}}
    assert counts(load(tmp_path, boxes, **asked)) == [1, 1]
    assert counts(load(tmp_path, boxes, min_box_size=3, **asked)) == [1]
    assert counts(load(tmp_path, boxes, test_mode=True, **asked)) == [0, 1, 0, 0, 1]
    assert counts(load(tmp_path, boxes, filter_cfg={"min_size": 32})) == [0, 1, 0, 0, 1]
