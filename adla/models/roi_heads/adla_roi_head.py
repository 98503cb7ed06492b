"""A second stage whose assigner sees the boxes that it regresses."""

import torch
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.assigners.prediction_protocol import ShownAssigner, asks_for, require_progress


@MODELS.register_module()
class AdlaRoIHead(StandardRoIHead):
    """The second stage of Faster R-CNN for ``AdaptiveDynamicAssigner`` in ``train_cfg.rcnn``.

    The paper defines the dynamic IoU for anchors. Here a proposal stands for the anchor, and what
    the box head, as it is, makes of it for its best class stands for the regressed box. So the box
    head runs on all proposals before they are assigned, without gradient, and once more on those
    that are sampled; batch norms in the box head count both in their statistics. Adaptive
    thresholds alone (``metric='anchor_iou'``) do not need that and work in any second stage of
    mmdet, a cascade's too. Same parameters, same inference.
    """

    def loss(
        self, x: tuple[Tensor], rpn_results_list: InstanceList, batch_data_samples: SampleList
    ) -> dict:
        """Compute the losses as they are, the assigner seeing what becomes of the proposals."""
        assigner = self.bbox_assigner
        require_progress(assigner)
        if not asks_for(assigner, "predictions"):
            return super().loss(x, rpn_results_list, batch_data_samples)
        predictions = self._predict_proposals(x, rpn_results_list, batch_data_samples)
        for proposals, prediction in zip(rpn_results_list, predictions, strict=True):
            proposals.prediction = prediction
        self.bbox_assigner = ShownAssigner(
            assigner, lambda results: dict(results.prediction.items())
        )
        try:
            return super().loss(x, rpn_results_list, batch_data_samples)
        finally:
            self.bbox_assigner = assigner

    @torch.no_grad()
    def _predict_proposals(
        self, x: tuple[Tensor], rpn_results_list: InstanceList, batch_data_samples: SampleList
    ) -> InstanceList:
        """Return ``bboxes`` (n, 4), xyxy in pixels, and ``scores`` (n, C) per image.

        Raises:
            ValueError: If the loss of the classes has channels of its own.
        """
        if getattr(self.bbox_head.loss_cls, "custom_cls_channels", False):
            raise ValueError(
                f"AdlaRoIHead reads one score for each class and one for the background, which "
                f"{type(self.bbox_head.loss_cls).__name__} as loss_cls does not give: take another "
                "loss_cls, or metric='anchor_iou' in the assigner"
            )
        proposals = [results.bboxes for results in rpn_results_list]
        counts = [len(boxes) for boxes in proposals]
        outputs = self._bbox_forward(x, bbox2roi(proposals))
        scores = outputs["cls_score"].float().softmax(-1)[:, :-1].split(counts)
        deltas = outputs["bbox_pred"].float().split(counts)
        return [
            InstanceData(
                scores=score,
                bboxes=self.bbox_head.regress_by_class(
                    boxes, score.argmax(-1), delta, sample.metainfo
                ),
            )
            for boxes, score, delta, sample in zip(
                proposals, scores, deltas, batch_data_samples, strict=True
            )
        ]
