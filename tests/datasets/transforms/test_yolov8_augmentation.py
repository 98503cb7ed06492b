"""YOLOv8's affine map and colors, on images and boxes worked out by hand."""

import adla  # noqa: F401  isort: skip  before mmdet

import numpy as np
import pytest
import torch
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes


def build(factor, x, y, **kwargs):
    """The map with a fixed factor and place of the center, to 100 x 80 pixels."""
    step = TRANSFORMS.build(dict(type="CenteredAffine", size=(100, 80), **kwargs))
    step.pick = lambda: (factor, x, y)
    return step


def item(boxes, size=(200, 160)):
    img = np.full((size[1], size[0], 3), 7, dtype=np.uint8)
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return dict(
        img=img,
        gt_bboxes=HorizontalBoxes(boxes),
        gt_bboxes_labels=np.arange(len(boxes)),
        gt_ignore_flags=np.zeros(len(boxes), dtype=bool),
    )


def test_the_center_stays_the_center():
    # 200 x 160 about (100, 80) halved, its center at half of 100 x 80.
    result = build(0.5, 0.5, 0.5)(item([[90, 70, 110, 90], [0, 0, 20, 20]]))
    assert result["img"].shape == (80, 100, 3) and result["img_shape"] == (80, 100)
    assert result["gt_bboxes"].tensor.tolist() == [[45, 35, 55, 45], [0, 0, 10, 10]]
    assert (result["img"] == 7).all()


def test_a_shift_pads_and_cuts():
    # Not scaled; the center (100, 80) goes to (.4 * 100, .6 * 80) = (40, 48): 60 left, 32 up.
    boxes = [[70, 40, 90, 60], [50, 30, 80, 40], [30, 30, 59, 60], [158, 40, 190, 60]]
    result = build(1.0, 0.4, 0.6)(item(boxes))
    # The second keeps 2/3 of its width; the third is out; the fourth keeps 2 px, which is too few.
    assert result["gt_bboxes"].tensor.tolist() == [[10, 8, 30, 28], [0, 0, 20, 8]]
    assert result["gt_bboxes_labels"].tolist() == [0, 1]
    assert result["gt_ignore_flags"].tolist() == [False, False]


def test_gray_where_there_is_no_image():
    # 40 x 40 in the middle of 100 x 80: the rest is padded, as a letterbox does.
    result = build(1.0, 0.5, 0.5)(item([[0, 0, 10, 10]], size=(40, 40)))
    assert (result["img"] == 7).sum() == 40 * 40 * 3
    assert (result["img"][20:60, 30:70] == 7).all()
    assert set(np.unique(result["img"])) == {7, 114}
    assert result["gt_bboxes"].tensor.tolist() == [[30, 20, 40, 30]]


@pytest.mark.parametrize(
    "box, kept",
    [
        ((90, 70, 94, 80), False),  # 2 px wide after halving
        ((90, 70, 94.2, 80), True),
        ((0, 0, 199, 4.2), True),  # 47 times as long as wide
        ((-160, 60, 20, 100), True),  # 20 of 180 px in: 11 %
        ((-180, 60, 20, 100), False),  # 10 %, not more
    ],
)
def test_what_is_left_out(box, kept):
    result = build(0.5, 0.5, 0.5)(item([box]))
    assert len(result["gt_bboxes"]) == kept
    assert len(build(0.5, 0.5, 0.5, min_side=0, min_area_ratio=0)(item([box]))["gt_bboxes"])


def test_a_bright_block_and_its_box_part_by_a_quarter_of_a_pixel():
    """Halving: OpenCV takes a pixel's center for its place, so the picture comes out too far."""

    def offset(pixel_centers, left):
        data = item([[left, 80, left + 8, 88]])
        data["img"][:] = 0
        data["img"][80:88, left : left + 8] = 200
        result = build(0.5, 0.5, 0.5, pixel_centers=pixel_centers, pad_val=0)(data)
        weight = result["img"][..., 0].astype(float).sum(0)
        mean = (weight * (np.arange(100) + 0.5)).sum() / weight.sum()
        x1, _, x2, _ = result["gt_bboxes"].tensor[0].tolist()
        return mean - (x1 + x2) / 2

    # Every second pixel is taken as it is: nothing at even places, half a pixel at odd ones.
    assert [offset(False, left) for left in (100, 101)] == pytest.approx([0, 0.5], abs=1e-6)
    # Pixels are averaged by two.
    assert [offset(True, left) for left in (100, 101)] == pytest.approx([0, 0], abs=1e-6)


def test_picks_within_its_ranges():
    step = TRANSFORMS.build(dict(type="CenteredAffine", size=(64, 64), scale=0.5, translate=0.1))
    np.random.seed(0)
    picked = np.array([step.pick() for _ in range(500)])
    assert picked[:, 0].min() < 0.52 and picked[:, 0].max() > 1.48
    assert picked[:, 1:].min() < 0.405 and picked[:, 1:].max() > 0.595
    assert (abs(picked - [1, 0.5, 0.5]) <= [0.5, 0.1, 0.1]).all()


def test_what_cannot_work_is_refused():
    with pytest.raises(ValueError, match=r"scale must lie in .* got scale=1.5"):
        build(1, 0.5, 0.5, scale=1.5)
    with pytest.raises(ValueError, match="moves no masks"):
        build(1, 0.5, 0.5)(dict(img=np.zeros((4, 4, 3), np.uint8), gt_masks=[]))
    with pytest.raises(ValueError, match="gains must be at least 0"):
        TRANSFORMS.build(dict(type="HSVGain", value=-1))


def test_colors_by_hand():
    step = TRANSFORMS.build(dict(type="HSVGain"))
    # BGR (0, 0, 200) has hue 0, saturation 255, value 200; gray 100 has value 100.
    img = np.array([[[0, 0, 200], [100, 100, 100], [250, 250, 250]]], dtype=np.uint8)
    step.factors = lambda: np.array([1.0, 0.5, 1.2])
    # Saturation 127, value 240: the lowest of the three is 240 (1 - 127/255) = 120.5.
    found = step.transform(dict(img=img.copy()))["img"][0].tolist()
    assert found[0][2] == 240 and found[0][0] == found[0][1] == pytest.approx(120, abs=1)
    assert found[1:] == [[120] * 3, [255] * 3]


def test_gains_of_the_factors():
    step = TRANSFORMS.build(dict(type="HSVGain", hue=0.015, saturation=0.7, value=0.4))
    np.random.seed(0)
    picked = np.array([step.factors() for _ in range(500)]) - 1
    assert (abs(picked) <= [0.015, 0.7, 0.4]).all()
    assert (abs(picked).max(0) > [0.0149, 0.69, 0.39]).all()
