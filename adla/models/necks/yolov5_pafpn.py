"""The neck of YOLOv5."""

from collections.abc import Sequence
from typing import Any

from mmdet.models.necks import YOLOXPAFPN
from mmdet.registry import MODELS
from torch import Tensor, nn

from ..layers.c2f import ACT_CFG, NORM_CFG
from .level_sizes import check_levels


@MODELS.register_module()
class YOLOv5PAFPN(YOLOXPAFPN):
    """Path aggregation of C3 blocks as YOLOv5 has it: YOLOX's without its last convolutions.

    Args:
        in_channels: Channels of the feature maps, from the finest to the coarsest, and of the
            levels out; at least two.
        num_csp_blocks: Bottlenecks of every block.
        norm_cfg: Norm of the convolutions.
        act_cfg: Activation of the convolutions.
        **kwargs: Further arguments of mmdet's ``YOLOXPAFPN``, such as `init_cfg`.

    Raises:
        ValueError: Fewer than two levels.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_csp_blocks: int = 1,
        norm_cfg: dict = NORM_CFG,
        act_cfg: dict = ACT_CFG,
        **kwargs: Any,
    ) -> None:
        if len(in_channels) < 2:
            raise ValueError(
                f"YOLOv5PAFPN: in_channels must have at least two levels, but got {in_channels}"
            )
        super().__init__(
            list(in_channels),
            out_channels=in_channels[0],  # of the convolutions that are left out
            num_csp_blocks=num_csp_blocks,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg,
            **kwargs,
        )
        self.out_channels = list(in_channels)
        self.out_convs = nn.ModuleList(nn.Identity() for _ in in_channels)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Map feature maps (B, in_channels[i], H / 2^i, W / 2^i) to levels of the same shapes.

        Raises:
            ValueError: The maps are not as many as `in_channels`, or one is not half the size of
                the map before.
        """
        check_levels("YOLOv5PAFPN", self.in_channels, inputs)
        return super().forward(inputs)
