"""Theoretical receptive fields of a backbone, measured on the network itself."""

import copy
from functools import partial

import torch
from mmdet.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import conv2d

#: Widths in pixels of the strips on which fields are measured, the first that is wide enough.
WIDTHS = (512, 1024, 2048, 4096)

#: Height of a strip. Fields are as high as wide: the height saves time, nothing else.
HEIGHT = 2


def theoretical_receptive_fields(backbone: dict) -> dict[int, int]:
    """Return the theoretical receptive field of each stage of a backbone.

    It is the number of neighboring input columns on which one output column depends. A column of
    NaN spreads to exactly the output that depends on it, through any layer; convolutions are done
    with one channel, which reaches as far and saves time. The outputs that one column reaches,
    summed over as many neighboring columns as the largest stride has, are the field divided by the
    stride of the stage, times that number.

    Args:
        backbone: Config of the backbone. It is built without pretrained weights, which do not
            matter, and thrown away; random numbers drawn on the way are given back.

    Returns:
        Stride -> field in pixels, for each map that the backbone returns.

    Raises:
        ValueError: If a field is wider than a few thousand pixels, as with attention or a global
            pooling, which see the whole image.
    """
    with torch.random.fork_rng(devices=[]):
        config = copy.deepcopy(backbone)
        config.pop("pretrained", None)
        network = MODELS.build(config | dict(init_cfg=None)).double()
    network.eval()  # mmdet's backbones return None
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.forward = partial(_single_channel, module)  # type: ignore[method-assign]
    for width in WIDTHS:
        fields = _fields_on_strip(network, width)
        if fields is not None:
            return fields
    raise ValueError(
        f"the receptive field of {backbone['type']} is wider than {WIDTHS[-1]} pixels, or it sees "
        "the whole image: give receptive_fields=[...], one number of pixels for each level"
    )


def _fields_on_strip(network: nn.Module, width: int) -> dict[int, int] | None:
    """Return stride -> field, or None where a field does not fit into the strip."""
    middle = torch.tensor([width // 2])
    probe = _reached(network, middle, width)
    if probe is None:
        return None
    strides = [width // level.size(1) for level in probe]
    levels = _reached(network, middle + torch.arange(max(strides)), width)
    if levels is None:
        return None
    return {
        stride: int(level.sum()) * stride // max(strides)
        for stride, level in zip(strides, levels, strict=True)
    }


@torch.no_grad()
def _reached(network: nn.Module, columns: Tensor, width: int) -> list[Tensor] | None:
    """Return which output columns, (M, width of the level), each of M input columns reaches.

    None where one is the first or the last: there the border cuts the field off.
    """
    strips = torch.zeros(len(columns), 3, HEIGHT, width, dtype=torch.float64)
    strips[torch.arange(len(columns)), ..., columns] = torch.nan
    levels = [level.isnan().any(dim=1).any(dim=1) for level in network(strips)]
    return None if any(level[:, [0, -1]].any() for level in levels) else levels


def _single_channel(conv: nn.Conv2d, inputs: Tensor) -> Tensor:
    """Return a convolution that reaches as far as the real one, of the channels' sum."""
    kernel = inputs.new_ones(1, 1, *conv.kernel_size)
    outputs = conv2d(
        inputs.sum(dim=1, keepdim=True), kernel, None, conv.stride, conv.padding, conv.dilation
    )
    return outputs.repeat(1, conv.out_channels, 1, 1)
