"""What ``SparseMaxIoUAssigner`` decides by: the best overlaps of priors and ground truths."""

from typing import NamedTuple

import torch
from mmdet.structures.bbox import BaseBoxes, get_box_tensor
from torch import Tensor

from adla.core.boxes import box_areas

#: Coordinates in pixels with which all areas are finite.
FAR = 1e18


class BestOverlaps(NamedTuple):
    """Best overlap and partner of N priors and of K ground truths, and the low-quality matches."""

    prior_iou: Tensor
    prior_gt: Tensor
    gt_iou: Tensor
    gt_prior: Tensor
    low_quality: Tensor

    def spread(self, near: Tensor, num_priors: int) -> "BestOverlaps":
        """Return the best of all priors from that of those that are near a ground truth."""
        of_priors = (
            x.new_zeros(num_priors).index_copy_(0, near, x)
            for x in (self.prior_iou, self.prior_gt, self.low_quality)
        )
        prior_iou, prior_gt, low_quality = of_priors
        gt_prior = near.index_select(0, self.gt_prior)
        return BestOverlaps(prior_iou, prior_gt, self.gt_iou, gt_prior, low_quality)


def all_finite(boxes: list[Tensor]) -> bool:
    """Tell whether all coordinates and areas are finite; one question, as each makes a GPU wait."""
    ends = [end for some in boxes if len(some) for end in some.aminmax()]
    if bool((torch.stack(ends).abs() < FAR).all()):
        return True
    return all(bool(torch.isfinite(box_areas(some)).all()) for some in boxes)


def plain_boxes(boxes: Tensor | BaseBoxes) -> Tensor:
    """Return the coordinates, shape (N, 4), without a score in a fifth column."""
    return get_box_tensor(boxes)[..., :4]
