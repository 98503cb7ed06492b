"""The feature alignment module of FSANet."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

XAVIER = dict(type="Xavier", layer="Conv2d", distribution="uniform")


class FeatureAlign(BaseModule):
    r"""Add a coarse map to a fine one, sampled where learned offsets say (FSANet's FA2M).

    A plain upsampling reads the coarse map at the same place of the image. Here a depthwise and a
    pointwise convolution look at both maps and say for each fine position by how much to step
    aside: ``out(p) = fine(p) + coarse(u(p) + (dx / W, dy / H))``. u(p) runs from -1 to 1 from the
    first row or column to the last of either map, W and H are the sides of the fine map, and
    between positions, the corners aligned, the coarse map is interpolated; beyond it there is 0.

    Args:
        channels: Channels of both maps.
        kernel_size: Side of the depthwise convolution, odd.
    """

    def __init__(self, channels: int, kernel_size: int = 3, init_cfg: dict | None = XAVIER) -> None:
        super().__init__(init_cfg)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"FeatureAlign: kernel_size must be odd, but got {kernel_size}")
        both = 2 * channels
        self.depthwise = nn.Conv2d(
            both, both, kernel_size, padding=kernel_size // 2, groups=both, bias=False
        )
        self.pointwise = nn.Conv2d(both, 2, 1, bias=False)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """Map (B, C, H, W) and a coarser (B, C, h, w) to (B, C, H, W)."""
        height, width = fine.shape[-2:]
        raised = F.interpolate(coarse, (height, width), mode="bilinear", align_corners=True)
        offsets = self.pointwise(self.depthwise(torch.cat([fine, raised], dim=1)))
        exact = torch.promote_types(offsets.dtype, torch.float32)  # positions need the bits
        grid = torch.stack(
            torch.meshgrid(
                torch.linspace(-1, 1, width, dtype=exact, device=fine.device),
                torch.linspace(-1, 1, height, dtype=exact, device=fine.device),
                indexing="xy",
            ),
            dim=-1,
        )
        grid = grid + offsets.to(exact).movedim(1, -1) / grid.new_tensor([width, height])
        moved = F.grid_sample(coarse.to(exact), grid, align_corners=True)
        return fine + moved.to(fine)
