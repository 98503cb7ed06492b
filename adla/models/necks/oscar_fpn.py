"""The neck of OSCAR."""

from collections.abc import Sequence
from typing import Any

from mmdet.models.necks import FPN
from mmdet.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class OSCARFPN(FPN):
    """A feature pyramid that sees all stages and returns some of its levels.

    The levels left out have no output convolution, so no parameter stays without a gradient.

    Args:
        out_indices: Levels to return, 0 being the finest.
        **kwargs: Arguments of mmdet's ``FPN``.

    Raises:
        ValueError: If a level does not exist.
    """

    def __init__(self, *args: Any, out_indices: Sequence[int] = (0, 1), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not out_indices or not set(out_indices) <= set(range(len(self.fpn_convs))):
            raise ValueError(
                f"out_indices of OSCARFPN must be some of 0 to {len(self.fpn_convs) - 1}, but got "
                f"{out_indices}"
            )
        self.out_indices = tuple(out_indices)
        for i in set(range(len(self.fpn_convs))) - set(out_indices):
            self.fpn_convs[i] = nn.Identity()

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the maps of ``out_indices`` in that order."""
        levels = super().forward(inputs)
        return tuple(levels[i] for i in self.out_indices)
