"""Receptive fields of real backbones, and their boxes in the place of anchors."""

import pytest
import torch
from mmdet.registry import TASK_UTILS

from adla.models.task_modules.prior_generators import theoretical_receptive_fields

from ..test_configs import load

RESNET18 = dict(type="ResNet", depth=18)


def resnet_fields(blocks, kernels):
    """Fields by the closed formula ``r += (kernel - 1) * jump``, along the longest path.

    ``kernels``: those of a block, the stride of a stage in the first block's (or, with one 3x3
    kernel in the middle, in that).
    """
    field, jump, fields = 7, 2, {}
    field, jump = field + 2 * jump, 2 * jump  # the pooling
    for stage, count in enumerate(blocks):
        for block in range(count):
            for i, kernel in enumerate(kernels):
                field += (kernel - 1) * jump
                if stage and not block and kernel == 3 and (i == 0 or len(kernels) == 3):
                    jump *= 2
        fields[jump] = field
    return fields


@pytest.mark.parametrize(
    ("depth", "blocks", "kernels"),
    [(18, (2, 2, 2, 2), (3, 3)), (50, (3, 4, 6, 3), (1, 3, 1))],
)
def test_resnet_by_the_closed_formula(depth, blocks, kernels):
    expected = resnet_fields(blocks, kernels)
    assert theoretical_receptive_fields(dict(type="ResNet", depth=depth)) == expected
    if depth == 50:
        assert list(expected.values()) == [35, 91, 267, 427]  # as RFLA has them


def test_the_backbone_of_the_light_configs():
    """Focus 2, 3x3; then a 3x3 of stride 2 before 1, 3 and 3 bottlenecks with one 3x3."""
    backbone = load("retinanet/retinanet_csp-nano_fpn-p2_light_sirst-v2.py").model.backbone
    before = torch.random.get_rng_state()
    fields = theoretical_receptive_fields(backbone)
    assert torch.random.get_rng_state().equal(before)
    field, jump, expected = 2 + 2 * 2, 2, {}
    for bottlenecks in (1, 3, 3):
        field, jump = field + 2 * jump, 2 * jump
        field += bottlenecks * 2 * jump
        expected[jump] = field
    assert fields == expected == {4: 18, 8: 74, 16: 186}


def test_pretrained_weights_and_dilation():
    dilated = RESNET18 | dict(
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        out_indices=(1, 3),
        init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet18"),
    )
    # mmdet dilates the first of the two kernels of a basic block.
    assert theoretical_receptive_fields(dilated) == {8: 99, 16: 211 + 2 * (2 * 32 + 2 * 16)}


def test_a_network_that_sees_the_whole_image_is_refused():
    everywhere = RESNET18 | dict(
        plugins=[
            dict(
                cfg=dict(type="ContextBlock", ratio=1 / 4),
                stages=(False, True, False, False),
                position="after_conv3",
            )
        ],
        depth=50,
    )
    with pytest.raises(ValueError, match=r"ResNet.*receptive_fields=\[\.\.\.\]"):
        theoretical_receptive_fields(everywhere)


def generator(**kwargs):
    return TASK_UTILS.build(dict(type="ReceptiveFieldGenerator", **kwargs))


def test_one_square_per_point_as_wide_as_half_the_field():
    fields = generator(strides=[4, 8], receptive_fields=[18, 74])
    assert fields.num_base_priors == [1, 1]
    finest, coarse = fields.grid_priors([(2, 3), (1, 1)], device="cpu")
    assert finest[[0, 1, 3]].tolist() == [
        [-4.5, -4.5, 4.5, 4.5],
        [-0.5, -4.5, 8.5, 4.5],
        [-4.5, -0.5, 4.5, 8.5],
    ]
    assert coarse.tolist() == [[-18.5, -18.5, 18.5, 18.5]]
    assert "receptive_fields=(18, 74), fraction=0.5" in repr(fields)
    wider = generator(strides=[4], receptive_fields=[18], fraction=1.0, ratios=[0.25, 1.0])
    assert wider.base_anchors[0].tolist() == [[-18, -4.5, 18, 4.5], [-9, -9, 9, 9]]


def test_the_three_boxes_a_point_of_the_published_configs():
    """A field of 18 px, half of it 9: sides 9 * 2^.5 = 12.728 and 9 / 2^.5 = 6.364 at ratio .5."""
    fields = generator(strides=[4], receptive_fields=[18], ratios=[0.5, 1.0, 2.0])
    assert fields.num_base_priors == [3]
    wide, square, high = (box[2:] - box[:2] for box in fields.base_anchors[0])
    assert wide.tolist() == pytest.approx([12.728, 6.364], abs=1e-3)
    assert square.tolist() == [9, 9]
    assert high.tolist() == pytest.approx([6.364, 12.728], abs=1e-3)


def test_levels_beyond_the_backbone_and_without_its_first_stages():
    fields = generator(strides=[8, 16, 32, 64, 128], backbone=RESNET18)
    assert fields.receptive_fields == (99, 211, 435, 435 + 2 * 32, 435 + 2 * 32 + 2 * 64)


def test_refused():
    with pytest.raises(ValueError, match="either backbone or receptive_fields, but got neither"):
        generator(strides=[4])
    with pytest.raises(ValueError, match="either backbone or receptive_fields, but got both"):
        generator(strides=[4], backbone=RESNET18, receptive_fields=[35])
    with pytest.raises(ValueError, match=r"one number for each of the strides \[4, 8\].*\[35\]"):
        generator(strides=[4, 8], receptive_fields=[35])
    with pytest.raises(ValueError, match="fraction must be above 0, but got 0"):
        generator(strides=[4], receptive_fields=[35], fraction=0)
    with pytest.raises(ValueError, match=r"ResNet has no stage of stride 2.*\[4, 8, 16, 32\]"):
        generator(strides=[2, 4], backbone=RESNET18)
