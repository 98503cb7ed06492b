"""Views of an image vote on each box."""

import copy
from typing import Any

import torch
from mmcv.ops import batched_nms
from mmdet.models.test_time_augs import DetTTAModel
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from ..dense_heads.box_grid import check_box_grid, snap_boxes
from ..dense_heads.box_voting import check_voting_iou, vote_boxes, votes_in_blocks


@MODELS.register_module()
class VotingTTAModel(DetTTAModel):
    """Joins the views of an image: an object is where they find it on average, as sure as they are.

    `DetTTAModel` keeps the box and the score of one view. Here a box that NMS keeps becomes the
    mean of those of all views that overlap it, weighted by score, and its score the mean over the
    views of the best that each has there: a false alarm of one view of four loses three quarters.

    A ``box_grid`` in the detector's ``test_cfg`` holds for the means, not for the views.

    Args:
        tta_cfg: ``nms`` and ``max_per_img`` as in `DetTTAModel`, and ``voting_iou``, the IoU in
            (0, 1] from which two boxes of a class are of one object.
        kwargs: ``module``, the detector, and further arguments of `DetTTAModel`.

    Raises:
        ValueError: ``voting_iou`` is not in (0, 1].
    """

    def __init__(self, tta_cfg: dict, **kwargs: Any) -> None:
        super().__init__(tta_cfg=tta_cfg, **kwargs)
        check_voting_iou(tta_cfg.get("voting_iou"), "tta_cfg")
        self.box_grid = None
        head = getattr(self.module, "bbox_head", None)
        test_cfg = getattr(head, "test_cfg", None)
        if head is not None and test_cfg and "box_grid" in test_cfg:
            head.test_cfg = copy.copy(test_cfg)  # the config keeps its own
            self.box_grid = head.test_cfg.pop("box_grid")
            check_box_grid(self.box_grid)

    def _merge_single_sample(self, data_samples: list[DetDataSample]) -> DetDataSample:
        found = [sample.pred_instances for sample in data_samples]
        boxes, scores = self.merge_aug_bboxes(
            [view.bboxes for view in found],
            [view.scores for view in found],
            [sample.metainfo for sample in data_samples],
        )
        labels = torch.cat([view.labels for view in found])
        seen = InstanceData(bboxes=boxes, scores=scores, labels=labels)
        joined = data_samples[0]
        if len(seen):
            _, keep = batched_nms(boxes, scores, labels, self.tta_cfg["nms"])
            kept = seen[keep[: self.tta_cfg["max_per_img"]]]
            views = [len(view) for view in found]
            voting_iou = self.tta_cfg["voting_iou"]
            kept.scores = _mean_over_views(kept, seen, views, voting_iou)
            kept.bboxes = vote_boxes(kept, seen, voting_iou)
            if self.box_grid is not None:
                kept.bboxes = snap_boxes(kept.bboxes, self.box_grid, joined.ori_shape)
            seen = kept[kept.scores.argsort(descending=True, stable=True)]
        joined.pred_instances = seen
        return joined


def _mean_over_views(
    kept: InstanceData, seen: InstanceData, views: list[int], min_iou: float
) -> Tensor:
    """Return for each kept box (K,) the mean over the views of the best score that it has there.

    Args:
        kept: The kept boxes.
        seen: The boxes of all views, one view after the other.
        views: How many each view has.
        min_iou: IoU from which a box of the same class is of the same object.
    """
    means = [kept.scores[:0]]
    for votes in votes_in_blocks(kept, seen, min_iou):
        parts = [part for part in votes.split(views, dim=1) if part.shape[1]]
        means.append(sum(part.amax(1) for part in parts) / len(views))
    return torch.cat(means)
