"""Grid points that carry their stride."""

from typing import Any

from mmdet.models.task_modules.prior_generators import MlvlPointGenerator
from mmdet.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class StridedPointGenerator(MlvlPointGenerator):
    """Grid points (N, 4) of x, y and the strides along x and y, in pixels.

    mmdet's generator leaves the strides out unless asked, and its ``predict_by_feat`` does not ask.
    """

    def grid_priors(
        self, featmap_sizes: list[tuple[int, int]], with_stride: bool = True, **kwargs: Any
    ) -> list[Tensor]:
        """Return the points of each level, row by row."""
        return super().grid_priors(featmap_sizes, with_stride=with_stride, **kwargs)
