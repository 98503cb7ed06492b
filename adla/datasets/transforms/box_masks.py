"""Masks for data sets that have none."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import get_box_tensor
from mmdet.structures.mask import PolygonMasks


@TRANSFORMS.register_module()
class BoxMasks(BaseTransform):
    """Give every box its own rectangle as a mask, so that Mask R-CNN trains on boxes alone.

    The masks know no more than the boxes do. They are polygons: as bitmaps the 2,000 objects of a
    crowded image of 800 x 800 pixels would take 1.3 GB.

    Required keys: ``gt_bboxes``, ``img_shape``. Added: ``gt_masks``, in the order of the boxes. It
    belongs after ``LoadAnnotations(with_bbox=True)``; what changes the geometry may follow.
    """

    def transform(self, results: dict) -> dict:
        """Add the masks.

        Raises:
            ValueError: If there are no boxes, or there already are masks.
        """
        if "gt_bboxes" not in results:
            raise ValueError(
                "BoxMasks needs gt_bboxes: put LoadAnnotations(with_bbox=True) before it"
            )
        if "gt_masks" in results:
            raise ValueError(
                "BoxMasks would replace gt_masks: load the annotations without with_mask"
            )
        boxes = np.asarray(get_box_tensor(results["gt_bboxes"]), np.float64)
        corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]]  # x, y of four corners, clockwise
        height, width = results["img_shape"][:2]
        results["gt_masks"] = PolygonMasks([[polygon] for polygon in corners], height, width)
        return results
