"""The normalized contrast of targets as something to learn."""

from typing import get_args

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import get_box_tensor

from ..noco_map import Rounding, noco_map


@TRANSFORMS.register_module()
class GenerateNoCoMap(BaseTransform):
    """Add the NoCo map of the image as it is now, as a target for ``OSCARHead``.

    It belongs after the last transform that changes brightness or geometry and before ``Pad`` and
    ``PackDetInputs``; a flip after it is right too, since mmdet flips ``gt_seg_map`` with the
    image. ``PackDetInputs`` carries it as ``gt_sem_seg``. Padding must be 0, which is
    ``pad_val=dict(seg=0)`` of ``Pad`` and ``pad_seg=True, seg_pad_value=0`` of the data
    preprocessor.

    Required keys: ``img``, ``gt_bboxes``. Added: ``gt_seg_map`` (H, W) in float32.

    Args:
        rounding: How boxes between pixels are taken, ``nearest`` or, as the authors' program does,
            ``toward_zero``; it matters where images are resized.

    Raises:
        ValueError: If `rounding` is another.
    """

    def __init__(self, rounding: Rounding = "nearest") -> None:
        if rounding not in get_args(Rounding):
            raise ValueError(f"rounding must be 'nearest' or 'toward_zero', but got {rounding!r}")
        self.rounding = rounding

    def transform(self, results: dict) -> dict:
        """Add the map.

        Raises:
            ValueError: If there are no boxes, or there already is a segmentation map.
        """
        if "gt_bboxes" not in results:
            raise ValueError(
                "GenerateNoCoMap needs gt_bboxes: put LoadAnnotations(with_bbox=True) before it"
            )
        if "gt_seg_map" in results:
            raise ValueError(
                "GenerateNoCoMap would replace gt_seg_map: load the annotations without with_seg"
            )
        boxes = get_box_tensor(results["gt_bboxes"])
        image = results["img"]
        results["gt_seg_map"] = noco_map(
            mmcv.bgr2gray(image) if image.ndim == 3 else image,
            np.asarray(boxes),
            self.rounding,
        )
        return results
