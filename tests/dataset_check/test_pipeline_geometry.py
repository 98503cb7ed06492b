import numpy as np
import pytest
from mmcv.transforms import Compose
from mmdet.structures.bbox import HorizontalBoxes

from adla.dataset_check.pipeline_geometry import network_geometry

SIZES = np.array([[300, 200], [128, 500], [300, 200]], float)
LETTERBOX = [
    dict(type="Resize", scale=(640, 640), keep_ratio=True),
    dict(type="Pad", size=(640, 640), pad_val=dict(img=(114, 114, 114))),
]


@pytest.mark.parametrize(
    "pipeline",
    [
        LETTERBOX,
        [dict(type="Resize", scale_factor=1.5)],
        [dict(type="Resize", scale=(100, 400), keep_ratio=False)],
        [
            dict(type="Resize", scale=(1333, 800), keep_ratio=True),
            dict(type="Pad", size_divisor=32),
        ],
        [dict(type="ResizeShortestEdge", scale=100, max_size=150, keep_ratio=True)],
        [dict(type="FixShapeResize", width=70, height=60, keep_ratio=True)],
        [dict(type="RandomFlip", prob=1.0), dict(type="FixScaleResize", scale=(99, 77))],
    ],
)
def test_a_box_ends_where_the_real_pipeline_puts_it(pipeline):
    geometry = network_geometry(pipeline, SIZES)
    real = Compose([step for step in pipeline if step["type"] != "RandomFlip"])
    for index, (width, height) in enumerate(SIZES.astype(int)):
        box = np.array([[10, 20, 30, 44]], np.float32)
        results = real(
            dict(
                img=np.zeros((height, width, 3), np.uint8),
                img_shape=(height, width),
                gt_bboxes=HorizontalBoxes(box),
            )
        )
        scaled = box * np.tile(geometry.scales[index], 2)
        np.testing.assert_allclose(results["gt_bboxes"].numpy(), scaled, rtol=1e-5)
        assert tuple(geometry.canvases[index]) == results["img"].shape[1::-1]
    np.testing.assert_array_equal(geometry.inputs, geometry.canvases)
    assert not geometry.notes


def test_no_pipeline_is_the_original_padded():
    geometry = network_geometry([dict(type="PackDetInputs")], SIZES, size_divisor=32)
    np.testing.assert_array_equal(geometry.scales, 1)
    np.testing.assert_array_equal(geometry.canvases, [[320, 224], [128, 512], [320, 224]])


def test_a_crop_shrinks_the_input_alone():
    crop = dict(type="RandomCrop", crop_size=(256, 160))
    geometry = network_geometry([crop, dict(type="Pad", size=(256, 256))], SIZES)
    np.testing.assert_array_equal(geometry.scales, 1)
    np.testing.assert_array_equal(geometry.canvases, [[300, 256], [256, 500], [300, 256]])
    np.testing.assert_array_equal(geometry.inputs, [[256, 256]] * 3)


def test_a_relative_crop_gets_a_note():
    crop = dict(type="RandomCrop", crop_size=(0.5, 0.5), crop_type="relative")
    assert "RandomCrop by 'relative' is not followed" in network_geometry([crop], SIZES).notes


@pytest.mark.parametrize(
    ("transform", "scale"),
    [
        (dict(type="RandomResize", scale=(600, 400), ratio_range=(0.5, 1.5)), 2),
        (dict(type="RandomResize", scale=[(300, 200), (900, 600)]), 2),
        (dict(type="RandomChoiceResize", scales=[(900, 600), (300, 200), (600, 400)]), 2),
    ],
)
def test_of_a_drawn_scale_the_middle_is_taken(transform, scale):
    geometry = network_geometry([dict(transform, keep_ratio=True)], SIZES)
    np.testing.assert_array_equal(geometry.scales[0], scale)
    assert "(600, 400)" in geometry.notes[0]


def test_mosaic_resizes_each_image_and_the_affine_cuts_the_canvas_down():
    mosaic = dict(type="CachedMosaic", img_scale=(640, 640))
    affine = dict(type="RandomAffine", border=(-320, -320))
    geometry = network_geometry([mosaic, affine], SIZES)
    assert geometry.images_per_input == 4 and len(geometry.notes) == 2
    np.testing.assert_allclose(geometry.scales[0], 640 / 300, rtol=2e-3)
    np.testing.assert_array_equal(geometry.canvases, [[640, 640]] * 3)
    np.testing.assert_array_equal(geometry.inputs, [[640, 640]] * 3)


def test_a_mosaic_of_crops_leaves_their_scale():
    pipeline = [
        dict(type="Resize", scale_factor=2.0),
        dict(type="RandomCrop", crop_size=(128, 128)),
        dict(type="CachedMosaic", img_scale=(128, 128)),
        dict(type="RandomCrop", crop_size=(128, 128)),
    ]
    geometry = network_geometry(pipeline, SIZES)
    np.testing.assert_array_equal(geometry.scales, 2)
    np.testing.assert_array_equal(geometry.inputs, 128)
    np.testing.assert_array_equal(geometry.canvases, SIZES * 2)


def test_the_first_branch_of_a_choice_is_followed():
    branches = [[dict(type="Resize", scale_factor=2.0)], [dict(type="Resize", scale_factor=3.0)]]
    geometry = network_geometry([dict(type="RandomChoice", transforms=branches)], SIZES)
    np.testing.assert_array_equal(geometry.scales, 2)
    assert geometry.notes == ["RandomChoice: its first branch is followed"]


def test_what_is_not_followed_is_named():
    geometry = network_geometry([dict(type="Expand"), dict(type="RandomFlip", prob=0.5)], SIZES)
    assert geometry.notes == ["Expand is not followed"]


def test_a_transform_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="transform Rezise of the pipeline"):
        network_geometry([dict(type="Rezise")], SIZES)
