import pytest
import torch
from mmdet.registry import MODELS

from ..config_utils import can_build, load

CONFIG = dict(type="TimmBackbone", model_name="dla34")


@pytest.fixture(scope="module")
def has_timm():
    return can_build(load("centernet/m-centernet_dla34_1x_aitod.py"))


def test_feature_maps(has_timm):
    if not has_timm:
        with pytest.raises(ImportError, match=r"needs timm, .* \(.*\): run 'pip install timm'"):
            MODELS.build(CONFIG)
        return
    network = MODELS.build(CONFIG)
    assert network.out_channels == [64, 128, 256, 512]
    maps = network(torch.zeros(1, 3, 64, 64))
    assert [tuple(m.shape) for m in maps] == [
        (1, channels, side, side)
        for channels, side in zip(network.out_channels, (16, 8, 4, 2), strict=True)
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"model_name": "dla35"}, "near it: dla34"), ({"out_indices": (9,)}, "has not all of")],
)
def test_what_timm_does_not_have(has_timm, wrong, message):
    if not has_timm:
        pytest.skip("needs timm")
    with pytest.raises(ValueError, match=message):
        MODELS.build(CONFIG | wrong)
