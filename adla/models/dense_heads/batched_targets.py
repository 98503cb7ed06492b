"""Ground truths of a batch as padded tensors."""

import torch
from mmdet.structures.bbox import get_box_tensor
from mmdet.utils import InstanceList, OptInstanceList
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


def pad_instances(batch_gt_instances: InstanceList) -> tuple[Tensor, Tensor, Tensor]:
    """Stack the ground truths of B images, padded to the largest number G.

    Returns:
        Labels (B, G), boxes (B, G, 4), xyxy in pixels, and which of them are real, bool (B, G).
    """
    boxes = [get_box_tensor(gts.bboxes) for gts in batch_gt_instances]
    labels = [gts.labels for gts in batch_gt_instances]
    real = [torch.ones_like(label, dtype=torch.bool) for label in labels]
    padded = [pad_sequence(rows, batch_first=True) for rows in (labels, boxes, real)]
    return padded[0], padded[1], padded[2]


def in_ignored_region(priors: Tensor, batch_gt_instances_ignore: OptInstanceList) -> Tensor | None:
    """Tell which grid points lie in a box to be ignored (crowds).

    Args:
        priors: Grid points (P, 4), of which x and y count, in pixels.
        batch_gt_instances_ignore: Boxes to be ignored of B images, each of them or all None.

    Returns:
        Mask (B, P), or None where there is nothing to ignore.
    """
    crowds = batch_gt_instances_ignore or ()
    boxes = [priors[:0] if gts is None else get_box_tensor(gts.bboxes) for gts in crowds]
    if not any(map(len, boxes)):
        return None
    padded = pad_sequence(boxes, batch_first=True)[:, None]
    points = priors[None, :, None, :2]
    return ((points > padded[..., :2]) & (points < padded[..., 2:])).all(-1).any(-1)
