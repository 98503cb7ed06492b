"""The neck with a stride-4 level."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers import C2f
from ..layers.c2f import ACT_CFG, KAIMING, NORM_CFG
from .level_sizes import check_levels


@MODELS.register_module()
class TinyPAFPN(BaseModule):
    """Path aggregation of C2f blocks, a level out for each level in: P2 to P5 behind C2 to C5.

    A way down brings context to the high-resolution levels, a way up brings their detail back
    (Fig. 2 of MSLA-YOLOv8). It stands behind any backbone whose feature maps halve from one to the
    next; with C3 to C5 it is the neck of YOLOv8 itself.

    Args:
        in_channels: Channels of the feature maps, from the finest to the coarsest; at least two.
        out_channels: Channels of the levels out: one number for all, one for each, or None for
            those of the feature maps, as in YOLOv8.
        num_blocks: Bottlenecks of every C2f.
        norm_cfg: Norm of the convolutions.
        act_cfg: Activation of the convolutions.

    Raises:
        ValueError: Fewer than two levels, or as many `out_channels` as there are not levels.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int | Sequence[int] | None = None,
        num_blocks: int = 1,
        norm_cfg: dict = NORM_CFG,
        act_cfg: dict = ACT_CFG,
        init_cfg: dict | None = KAIMING,
    ) -> None:
        super().__init__(init_cfg)
        if out_channels is None:
            out_channels = in_channels
        elif isinstance(out_channels, int):
            out_channels = [out_channels] * len(in_channels)
        if len(in_channels) < 2 or len(out_channels) != len(in_channels):
            raise ValueError(
                "TinyPAFPN: in_channels must have at least two levels and out_channels as many, "
                f"but got in_channels={in_channels} and out_channels={out_channels}"
            )
        self.in_channels = list(in_channels)
        self.out_channels = list(out_channels)

        cfg: dict[str, Any] = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        # What the way down leaves on each level: the coarsest map passes as it is.
        inner = [*self.out_channels[:-1], self.in_channels[-1]]
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self.top_down = nn.ModuleList(
            C2f(self.in_channels[i] + inner[i + 1], inner[i], num_blocks, **cfg)
            for i in range(len(inner) - 1)
        )
        self.downsamples = nn.ModuleList(
            ConvModule(channels, channels, 3, stride=2, padding=1, **cfg)
            for channels in self.out_channels[:-1]
        )
        self.bottom_up = nn.ModuleList(
            C2f(self.out_channels[i] + inner[i + 1], self.out_channels[i + 1], num_blocks, **cfg)
            for i in range(len(inner) - 1)
        )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Map feature maps (B, in_channels[i], H / 2^i, W / 2^i) to levels of the same sizes.

        Raises:
            ValueError: The maps are not as many as `in_channels`, or one is not half the size of
                the map before.
        """
        check_levels("TinyPAFPN", self.in_channels, inputs)
        levels = list(inputs)
        for i in reversed(range(len(self.top_down))):
            above = self.upsample(levels[i + 1])
            levels[i] = self.top_down[i](torch.cat([above, levels[i]], dim=1))
        for i, (downsample, block) in enumerate(
            zip(self.downsamples, self.bottom_up, strict=True), 1
        ):
            levels[i] = block(torch.cat([downsample(levels[i - 1]), levels[i]], dim=1))
        return tuple(levels)
