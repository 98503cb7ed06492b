"""The backbone of YOLOv8."""

import math
from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..layers import SPPF, C2f
from ..layers.c2f import ACT_CFG, KAIMING, NORM_CFG

# Channels and bottlenecks of the stages at width and depth 1; stage k has stride 2^(k+1).
STAGES = ((128, 3), (256, 6), (512, 6), (1024, 3))
STEM_CHANNELS = 64


@MODELS.register_module()
class C2fDarknet(BaseModule):
    """CSPDarknet of YOLOv8's kind: C2f stages and a fast spatial pyramid at the end.

    Sizes of YOLOv8: n has depth .33 and width .25, s has .33 and .5. Both give four feature maps
    of the strides 4, 8, 16, 32; n with 32, 64, 128, 256 channels, s with twice as many.

    Args:
        deepen_factor: Scales the number of bottlenecks of a stage, at least one stays.
        widen_factor: Scales the channels, rounded up to a multiple of 8.
        out_indices: Feature maps to return, of 1 (stride 4) to 4 (stride 32), in rising order. No
            stage after the last of them is built.
        spp_act: Whether the first convolution of the pyramid has an activation. YOLOv8 as
            ultralytics 8.4.0 to 8.4.140 build it has none there.
        norm_cfg: Norm of the convolutions.
        act_cfg: Activation of the convolutions.

    Raises:
        ValueError: `out_indices` are empty, unsorted or out of range.
    """

    def __init__(
        self,
        deepen_factor: float = 0.33,
        widen_factor: float = 0.25,
        out_indices: Sequence[int] = (1, 2, 3, 4),
        spp_act: bool = True,
        norm_cfg: dict = NORM_CFG,
        act_cfg: dict = ACT_CFG,
        init_cfg: dict | None = KAIMING,
    ) -> None:
        super().__init__(init_cfg)
        stages = list(range(1, len(STAGES) + 1))
        if not out_indices or sorted(set(out_indices) & set(stages)) != list(out_indices):
            raise ValueError(
                f"C2fDarknet: out_indices must be some of {stages} in rising order (strides 4 to "
                f"32), but got {out_indices}"
            )
        self.out_indices = tuple(out_indices)
        self.spp_act = spp_act

        cfg = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        channels = scaled_channels(STEM_CHANNELS, widen_factor)
        self.stem = ConvModule(3, channels, 3, stride=2, padding=1, **cfg)
        self.stem.is_init = True  # or mmengine starts it once more, after init_cfg, as mmcv does
        self.stages = nn.ModuleList()
        for i, (base_channels, base_blocks) in enumerate(STAGES[: out_indices[-1]], 1):
            width = scaled_channels(base_channels, widen_factor)
            num_blocks = max(round(base_blocks * deepen_factor), 1)
            layers = [
                ConvModule(channels, width, 3, stride=2, padding=1, **cfg),
                C2f(width, width, num_blocks, add_identity=True, **cfg),
            ]
            if i == len(STAGES):
                layers.append(SPPF(width, width, first_act=spp_act, **cfg))
            self.stages.append(nn.Sequential(*layers))
            channels = width

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map an image (B, 3, H, W) to the feature maps of `out_indices`."""
        x = self.stem(x)
        outs = []
        for i, stage in enumerate(self.stages, 1):
            x = stage(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)


def scaled_channels(channels: int, widen_factor: float) -> int:
    """Return `channels` times `widen_factor`, rounded up to a multiple of 8."""
    return max(math.ceil(channels * widen_factor / 8), 1) * 8
