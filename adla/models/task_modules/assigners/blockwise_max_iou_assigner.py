"""The former name of what ``SparseMaxIoUAssigner`` does by other measures than IoU."""

import warnings
from typing import Any

from mmdet.registry import TASK_UTILS

from .sparse_max_iou_assigner import SparseMaxIoUAssigner


@TASK_UTILS.register_module()
class BlockwiseMaxIoUAssigner(SparseMaxIoUAssigner):
    """The same as ``SparseMaxIoUAssigner``; this name goes with release 0.3."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            "BlockwiseMaxIoUAssigner is now SparseMaxIoUAssigner, with the same arguments; the old "
            "name goes with release 0.3",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(*args, **kwargs)
