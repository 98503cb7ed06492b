"""The backbone of YOLOv5."""

from collections.abc import Sequence
from typing import Any

from mmcv.cnn import ConvModule
from mmdet.models.backbones import CSPDarknet
from mmdet.registry import MODELS

from ..layers import SPPF
from ..layers.c2f import ACT_CFG, KAIMING, NORM_CFG

# Channels in and out, blocks, shortcut, mmdet's own pooling; stage k has stride 2^(k+1).
STAGES = (
    [64, 128, 3, True, False],
    [128, 256, 6, True, False],
    [256, 512, 9, True, False],
    [512, 1024, 3, True, False],
)


@MODELS.register_module()
class YOLOv5Darknet(CSPDarknet):
    """CSPDarknet of YOLOv5 v6.0 to v7.0: mmdet's stages between another start and end.

    It starts with one 6x6 convolution of stride 2, and the fast spatial pyramid comes after the
    last stage, whose blocks have shortcuts. n has depth .33 and width .25, s has .33 and .5.

    Args:
        deepen_factor: Scales the number of bottlenecks of a stage, at least one stays.
        widen_factor: Scales the channels.
        out_indices: Feature maps to return, of 1 (stride 4) to 4 (stride 32), in rising order. No
            stage after the last of them is built.
        norm_cfg: Norm of the convolutions.
        act_cfg: Activation of the convolutions.
        **kwargs: Further arguments of mmdet's ``CSPDarknet``, such as `frozen_stages`.

    Raises:
        ValueError: `out_indices` are empty, unsorted or out of range.
    """

    def __init__(
        self,
        deepen_factor: float = 0.33,
        widen_factor: float = 0.25,
        out_indices: Sequence[int] = (2, 3, 4),
        norm_cfg: dict = NORM_CFG,
        act_cfg: dict = ACT_CFG,
        init_cfg: dict | None = KAIMING,
        **kwargs: Any,
    ) -> None:
        stages = list(range(1, len(STAGES) + 1))
        if not out_indices or sorted(set(out_indices) & set(stages)) != list(out_indices):
            raise ValueError(
                f"YOLOv5Darknet: out_indices must be some of {stages} in rising order (strides 4 "
                f"to 32), but got {out_indices}"
            )
        cfg: dict[str, Any] = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        super().__init__(
            deepen_factor=deepen_factor,
            widen_factor=widen_factor,
            out_indices=tuple(out_indices),
            arch_ovewrite=list(STAGES[: out_indices[-1]]),
            init_cfg=init_cfg,
            **cfg,
            **kwargs,
        )
        self.stem = ConvModule(3, int(STAGES[0][0] * widen_factor), 6, stride=2, padding=2, **cfg)
        if out_indices[-1] == len(STAGES):
            channels = int(STAGES[-1][1] * widen_factor)
            self.stage4.append(SPPF(channels, channels, **cfg))
