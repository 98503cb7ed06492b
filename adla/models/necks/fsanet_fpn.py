"""The neck of FSANet."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmdet.models.necks import FPN
from mmdet.registry import MODELS
from mmengine.model import ModuleList
from torch import Tensor

from ..layers.feature_align import XAVIER, FeatureAlign
from .level_sizes import check_levels

GROUP_NORM = dict(type="GN", num_groups=32, requires_grad=True)


@MODELS.register_module()
class FSANetFPN(FPN):
    """A feature pyramid whose way down aligns features instead of copying them (FSANet).

    mmdet's ``FPN`` with a norm in the lateral convolutions and a :class:`FeatureAlign` between two
    levels, a level out for each map in. (Wu et al., IEEE TGRS 2022, 10.1109/TGRS.2022.3205052.)

    Args:
        in_channels: Channels of the feature maps, from the finest to the coarsest; at least two.
        out_channels: Channels of all levels.
        kernel_size: Side of the convolutions that learn the offsets, odd.
        norm_cfg: Norm of the lateral convolutions.

    Raises:
        ValueError: Fewer than two levels, or an even `kernel_size`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        kernel_size: int = 3,
        norm_cfg: dict = GROUP_NORM,
        init_cfg: dict | None = XAVIER,
    ) -> None:
        if len(in_channels) < 2:
            raise ValueError(
                f"FSANetFPN: in_channels must have at least two levels, but got {in_channels}"
            )
        super().__init__(list(in_channels), out_channels, len(in_channels), init_cfg=init_cfg)
        self.lateral_convs = ModuleList(
            ConvModule(channels, out_channels, 1, norm_cfg=norm_cfg, act_cfg=None)
            for channels in in_channels
        )
        self.aligns = ModuleList(
            FeatureAlign(out_channels, kernel_size) for _ in range(len(in_channels) - 1)
        )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Map feature maps (B, in_channels[i], H / 2^i, W / 2^i) to levels of the same sizes.

        Raises:
            ValueError: The maps are not as many as `in_channels`, or one is not half the size of
                the map before.
        """
        check_levels("FSANetFPN", self.in_channels, inputs)
        levels = [conv(x) for conv, x in zip(self.lateral_convs, inputs, strict=True)]
        for i in reversed(range(len(self.aligns))):
            levels[i] = self.aligns[i](levels[i], levels[i + 1])
        return tuple(conv(level) for conv, level in zip(self.fpn_convs, levels, strict=True))
