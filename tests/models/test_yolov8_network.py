"""The blocks, the backbone and the neck of YOLOv8's kind."""

import math
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmdet.models.backbones import ResNet
from mmdet.models.backbones.csp_darknet import SPPBottleneck
from mmdet.registry import MODELS

from adla.models import C2fDarknet, TinyPAFPN
from adla.models.layers import SPPF, C2f

from ..config_utils import load

# Parameters of YOLOv8's backbones, batch norms included, as its own authors' tables add up to.
BACKBONE_PARAMETERS = {0.25: 1_272_656, 0.5: 5_079_712}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("width", [0.25, 0.5])
def test_backbone_has_the_levels_of_its_size(width):
    backbone = C2fDarknet(widen_factor=width).eval()
    assert count(backbone) == BACKBONE_PARAMETERS[width]
    outs = backbone(torch.zeros(1, 3, 64, 96))
    channels = [int(c * width) for c in (128, 256, 512, 1024)]
    assert [tuple(x.shape) for x in outs] == [
        (1, c, 64 // s, 96 // s) for c, s in zip(channels, (4, 8, 16, 32), strict=True)
    ]


def test_backbone_returns_what_is_asked_for_and_builds_no_more():
    torch.manual_seed(0)
    whole = C2fDarknet().eval()
    part = C2fDarknet(out_indices=(1, 3)).eval()
    assert len(part.stages) == 3
    part.load_state_dict(whole.state_dict(), strict=False)
    image = torch.randn(1, 3, 32, 32)
    assert all(torch.equal(a, whole(image)[i]) for a, i in zip(part(image), (0, 2), strict=True))


@pytest.mark.parametrize("indices", [(), (0, 1), (2, 1), (4, 5), (3, 3)])
def test_backbone_refuses_levels_that_there_are_not(indices):
    with pytest.raises(ValueError, match="out_indices must be some of"):
        C2fDarknet(out_indices=indices)


def test_c2f_keeps_the_output_of_every_block():
    torch.manual_seed(0)
    block = C2f(6, 8, num_blocks=2, add_identity=True).eval()
    x = torch.randn(2, 6, 5, 7)
    first, second = block.split_conv(x).split(4, dim=1)
    third = second + block.blocks[0].conv2(block.blocks[0].conv1(second))
    fourth = third + block.blocks[1].conv2(block.blocks[1].conv1(third))
    torch.testing.assert_close(
        block(x), block.final_conv(torch.cat([first, second, third, fourth], dim=1))
    )


def test_sppf_pools_as_mmdets_pyramid_does():
    torch.manual_seed(0)
    slow, fast = SPPBottleneck(8, 8).eval(), SPPF(8, 8).eval()
    fast.load_state_dict(slow.state_dict())
    x = torch.randn(2, 8, 20, 17)
    torch.testing.assert_close(fast(x), slow(x))


def test_neck_of_yolov8_and_one_more_level():
    assert count(TinyPAFPN([64, 128, 256])) == 986_880
    neck = TinyPAFPN([32, 64, 128, 256]).eval()
    levels = [
        torch.randn(2, c, 64 // s, 32 // s)
        for c, s in zip((32, 64, 128, 256), (1, 2, 4, 8), strict=True)
    ]
    assert [x.shape for x in neck(levels)] == [x.shape for x in levels]


def test_neck_carries_context_down_and_detail_up():
    neck = TinyPAFPN([4, 4, 4]).eval()
    levels = [torch.randn(1, 4, s, s, requires_grad=True) for s in (16, 8, 4)]
    for out in neck(levels):
        grads = torch.autograd.grad(out.square().sum(), levels, retain_graph=True)
        assert all(grad.abs().sum() > 0 for grad in grads)


def test_neck_stands_behind_a_resnet():
    backbone = ResNet(18)
    backbone.eval()
    neck = TinyPAFPN([64, 128, 256, 512], out_channels=24).eval()
    outs = neck(backbone(torch.zeros(1, 3, 64, 64)))
    assert [tuple(x.shape[1:]) for x in outs] == [(24, s, s) for s in (16, 8, 4, 2)]


@pytest.mark.parametrize(
    "in_channels, out_channels", [([8], None), ([8, 8], [8]), ([8, 8], [8, 8, 8])]
)
def test_neck_refuses_channels_that_do_not_match(in_channels, out_channels):
    with pytest.raises(ValueError, match="TinyPAFPN: in_channels must have at least two levels"):
        TinyPAFPN(in_channels, out_channels)


@pytest.mark.parametrize(
    "sizes, message",
    [([8, 4], "but the backbone gives 2"), ([8, 4, 1], "half the size"), ([9, 4, 2], "half")],
)
def test_neck_refuses_maps_that_do_not_match(sizes, message):
    with pytest.raises(ValueError, match=message):
        TinyPAFPN([4, 4, 4])([torch.zeros(1, 4, s, s) for s in sizes])


DETECTORS = {
    "yolov8/yolov8-n_pafpn_300e": 3_011_027,
    "yolov8/yolov8-n_pafpn-p2_300e": 2_926_676,
    "yolov8/yolov8-s_pafpn_300e": 11_135_971,
    "yolov8/yolov8-s_pafpn-p2_300e": 10_637_220,
}


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_has_as_many_parameters_as_yolov8(name):
    """As ultralytics 8.3.40 has for one class, but for the 16 of its DFL, which never change."""
    assert count(MODELS.build(load(f"{name}_sirst-v2.py").model)) == DETECTORS[name]


@pytest.mark.parametrize("name", ["yolov8/yolov8-n_pafpn_300e", "msla/yolov8-n_pafpn-p2_msla-300e"])
def test_every_convolution_starts_as_torch_starts_it(name):
    """As YOLOv8's do: uniform up to the root of one over the inputs of a value."""
    torch.manual_seed(0)
    model = MODELS.build(load(f"{name}_sirst-v2.py").model)
    model.init_weights()
    for path, layer in model.named_modules():
        if isinstance(layer, torch.nn.Conv2d):
            bound = layer.weight[0].numel() ** -0.5
            weight = layer.weight.detach()
            assert weight.abs().max() <= bound, path
            assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.15), path


def test_the_comparison_says_what_it_needs(monkeypatch):
    tool = Path(__file__).parents[2] / "tools/analysis/compare_ultralytics.py"
    monkeypatch.setattr(sys, "argv", [str(tool)])
    monkeypatch.setitem(sys.modules, "ultralytics", None)  # as if it were not installed
    with pytest.raises(SystemExit, match=r"^error: ultralytics cannot be imported .* pip install"):
        runpy.run_path(str(tool), run_name="__main__")
