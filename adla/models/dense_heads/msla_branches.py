"""The branches of the MSLA head: what one level predicts with (Fig. 3 of MSLA-YOLOv8)."""

import math
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers.c2f import KAIMING

EXPECTED_OBJECTS = 5  # in an image of this side, in pixels: the prior that YOLOv8 starts from
EXPECTED_SIDE = 640
TINY_SLOPE = 0.7  # logit per bin: the expected distance of a side is then one stride


class DecoupledBranch(BaseModule):
    """Two towers of two 3x3 convolutions, one for classes and one for box distributions.

    Args:
        in_channels: Channels of the level.
        num_classes: Classes without background.
        num_bins: Logits of one box.
        cls_channels: Channels of the class tower.
        reg_channels: Channels of the box tower.
        stride: Stride of the level in pixels; sets the bias that training starts from.
        conv_cfg: Norm and activation of the convolutions, as ``ConvModule`` takes them.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        num_bins: int,
        cls_channels: int,
        reg_channels: int,
        stride: int,
        conv_cfg: dict,
    ) -> None:
        super().__init__(init_cfg=KAIMING)
        self.stride = stride
        self.cls_tower = self._tower(in_channels, cls_channels, conv_cfg)
        self.reg_tower = self._tower(in_channels, reg_channels, conv_cfg)
        self.cls_conv = nn.Conv2d(cls_channels, num_classes, 1)
        self.reg_conv = nn.Conv2d(reg_channels, num_bins, 1)

    def init_weights(self) -> None:
        """Start with the class prior of an image with few objects."""
        super().init_weights()
        cells = (EXPECTED_SIDE / self.stride) ** 2
        prior = EXPECTED_OBJECTS / (self.cls_conv.out_channels * cells)
        for conv, value in ((self.cls_conv, math.log(prior)), (self.reg_conv, 1.0)):
            nn.init.constant_(conv.get_parameter("bias"), value)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, in_channels, H, W) to class logits and box logits of that size."""
        return self.cls_conv(self.cls_tower(x)), self.reg_conv(self.reg_tower(x))

    @staticmethod
    def _tower(in_channels: int, channels: int, conv_cfg: dict) -> nn.Sequential:
        return nn.Sequential(
            ConvModule(in_channels, channels, 3, padding=1, **conv_cfg),
            ConvModule(channels, channels, 3, padding=1, **conv_cfg),
        )


class TinyBranch(DecoupledBranch):
    """A branch for a high-resolution level: narrow towers behind a gate over positions.

    The paper says what it is for (attention to tiny objects), not how it is built. Here one 3x3
    convolution gives every position a weight between 1 and 2, and no tower is wider than the level
    itself: most positions of the network lie here, and a target of few pixels has little to tell.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        num_bins: int,
        cls_channels: int,
        reg_channels: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            in_channels,
            num_classes,
            num_bins,
            min(cls_channels, in_channels),
            min(reg_channels, in_channels),
            **kwargs,
        )
        self.gate = nn.Conv2d(in_channels, 1, 3, padding=1)

    def init_weights(self) -> None:
        """Start with boxes of about two strides, where YOLOv8 starts with fifteen."""
        super().init_weights()
        sides = self.reg_conv.get_parameter("bias").data.view(4, -1)
        sides.copy_(-TINY_SLOPE * torch.arange(sides.shape[1]))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, in_channels, H, W) to class logits and box logits of that size."""
        return super().forward(x * (1 + self.gate(x).sigmoid()))


BRANCHES = {"normal": DecoupledBranch, "tiny": TinyBranch}
