"""The two blocks of YOLOv8 that mmdet has not: C2f and the fast spatial pyramid pooling."""

import math
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmdet.models.backbones.csp_darknet import SPPBottleneck
from mmengine.model import BaseModule
from torch import Tensor, nn

NORM_CFG = dict(type="BN", momentum=0.03, eps=0.001)
ACT_CFG = dict(type="SiLU", inplace=True)
KAIMING = dict(
    type="Kaiming",
    layer="Conv2d",
    a=math.sqrt(5),
    distribution="uniform",
    mode="fan_in",
    nonlinearity="leaky_relu",
)  # torch's own start of a convolution


class Bottleneck(BaseModule):
    """Two 3x3 convolutions, with a shortcut around them where `add_identity`.

    Args:
        channels: Channels in, between and out.
        norm_cfg: Norm of the convolutions.
        act_cfg: Activation of the convolutions.
    """

    def __init__(self, channels: int, add_identity: bool, norm_cfg: dict, act_cfg: dict) -> None:
        super().__init__()
        cfg = dict(padding=1, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.conv1 = ConvModule(channels, channels, 3, **cfg)
        self.conv2 = ConvModule(channels, channels, 3, **cfg)
        self.add_identity = add_identity

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels, H, W) to the same shape."""
        out = self.conv2(self.conv1(x))
        return x + out if self.add_identity else out


class C2f(BaseModule):
    """Cross stage block that keeps the output of every bottleneck (YOLOv8).

    Half of the channels pass through a chain of bottlenecks; both halves and every link of the
    chain are concatenated and mixed by a 1x1 convolution.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output; half of them run through the chain.
        num_blocks: Bottlenecks in the chain.
        add_identity: Shortcuts in the bottlenecks: in the backbone, not in the neck.
        norm_cfg: Norm of the convolutions.
        act_cfg: Activation of the convolutions.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_blocks: int = 1,
        add_identity: bool = False,
        norm_cfg: dict = NORM_CFG,
        act_cfg: dict = ACT_CFG,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        half = out_channels // 2
        cfg = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.split_conv = ConvModule(in_channels, 2 * half, 1, **cfg)
        self.blocks = nn.ModuleList(
            Bottleneck(half, add_identity, **cfg) for _ in range(num_blocks)
        )
        self.final_conv = ConvModule((2 + num_blocks) * half, out_channels, 1, **cfg)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, H, W)."""
        parts = list(self.split_conv(x).chunk(2, dim=1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.final_conv(torch.cat(parts, dim=1))


class SPPF(SPPBottleneck):
    """Spatial pyramid pooling by one small window in a chain: windows of 5, 9 and 13 pixels.

    It has the parameters and the output of mmdet's ``SPPBottleneck``, which pools with each window
    anew.

    Args:
        first_act: Whether the first convolution has an activation.
    """

    def __init__(
        self, in_channels: int, out_channels: int, first_act: bool = True, **cfg: Any
    ) -> None:
        super().__init__(in_channels, out_channels, **cfg)
        if not first_act:
            self.conv1 = ConvModule(in_channels, in_channels // 2, 1, **{**cfg, "act_cfg": None})

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, H, W)."""
        parts = [self.conv1(x)]
        for _ in self.poolings:
            parts.append(self.poolings[0](parts[-1]))
        return self.conv2(torch.cat(parts, dim=1))
