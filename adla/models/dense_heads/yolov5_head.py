"""The head of YOLOv5."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.utils import filter_scores_and_topk
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.utils import ConfigType, InstanceList, OptConfigType, OptInstanceList
from mmengine.config import ConfigDict
from mmengine.dist import get_world_size
from mmengine.structures import InstanceData
from torch import Tensor, nn

from adla.core import ciou, match_shapes

from .level_strides import check_strides
from .msla_branches import EXPECTED_SIDE
from .yolov5_anchors import COCO_ANCHORS, check_levels
from .yolov5_targets import Objects, background, join_objects, objectness

CLASS_LOSS = {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 0.5}
BOX_LOSS = {"type": "CompleteIoULoss", "loss_weight": 0.05}
OBJECTNESS_LOSS = {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 1.0}
EXPECTED_OBJECTS = 8  # in an image of EXPECTED_SIDE: the prior that YOLOv5 starts from
CLASSES, LEVELS = 80, 3  # for which the weights of the losses were found


@MODELS.register_module()
class YOLOv5Head(BaseDenseHead):
    """Anchor-based head with objectness, one 1x1 convolution a level (YOLOv5 v7.0).

    Objects are matched by :func:`adla.core.match_shapes`, so nothing depends on predictions but the
    target of the objectness: the CIoU of the predicted box, at least 0, where an object is matched.
    The losses, each with its `loss_weight`:

    - ``loss_bbox``: 1 - CIoU, the mean over the pairs of a level, the sum over levels;
    - ``loss_obj``: binary cross entropy, the mean over a level, the sum over levels by `balance`;
    - ``loss_cls``: binary cross entropy, mean and sum as for boxes; with one class there is none.

    The weights are those for 80 classes, three levels and 640 x 640 px; they are scaled as v7.0
    scales them: all by 3 / levels, ``loss_cls`` by classes / 80, ``loss_obj`` by the area of the
    input.

    An anchor in a cell that several objects share learns all of their boxes, and the largest of
    their CIoUs as its objectness, where v7.0 takes any of them. Of crowds no background is learned.

    Args:
        num_classes: Classes without background.
        in_channels: Channels of the levels, one number for all or one for each.
        strides: Strides of the levels in pixels, from the finest to the coarsest.
        anchors: Widths and heights of the anchors in pixels, as many on each level.
        ratio_thr: Factor by which the sides of object and anchor must differ less.
        reach: How near to a border a center must be for the neighbor to match, in cells.
        balance: Weight of each level's objectness.
        loss_cls: Binary cross entropy, in mmdet's ``CrossEntropyLoss`` with `use_sigmoid`.
        loss_bbox: Loss of boxes in pixels.
        loss_obj: As `loss_cls`.
        times_batch: Whether the losses are multiplied by the images of the batch over all
            processes, as in YOLOv5, whose rates, clipping and accumulation are made for that.
        train_cfg: Not used; a detector hands it over.
        test_cfg: As every dense head of mmdet takes it; ``nms_pre`` counts over all levels.

    Raises:
        ValueError: An argument does not have an entry for each stride, or is out of range.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int | Sequence[int],
        strides: Sequence[int] = (8, 16, 32),
        anchors: Sequence[Sequence[Sequence[float]]] = COCO_ANCHORS,
        ratio_thr: float = 4.0,
        reach: float = 0.5,
        balance: Sequence[float] = (4.0, 1.0, 0.4),
        loss_cls: ConfigType = CLASS_LOSS,
        loss_bbox: ConfigType = BOX_LOSS,
        loss_obj: ConfigType = OBJECTNESS_LOSS,
        times_batch: bool = False,
        train_cfg: OptConfigType = None,
        test_cfg: OptConfigType = None,
    ) -> None:
        super().__init__()
        if isinstance(in_channels, int):
            in_channels = [in_channels] * len(strides)
        check_levels(strides, in_channels=in_channels, anchors=anchors, balance=balance)
        if not ratio_thr > 1 or not 0 <= reach <= 0.5:
            raise ValueError(
                "YOLOv5Head: ratio_thr must be above 1 and reach in [0, 0.5], but got "
                f"{ratio_thr} and {reach}"
            )
        self.num_classes = self.cls_out_channels = num_classes
        self.strides, self.balance = list(strides), list(balance)
        self.ratio_thr, self.reach, self.times_batch = ratio_thr, reach, times_batch
        self.loss_cls = MODELS.build(loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox)
        self.loss_obj = MODELS.build(loss_obj)
        self.prior_generator = TASK_UTILS.build(
            dict(type="YOLOAnchorGenerator", strides=self.strides, base_sizes=anchors)
        )
        self.bbox_coder = TASK_UTILS.build(dict(type="YOLOv5BBoxCoder"))
        self.train_cfg, self.test_cfg = train_cfg, test_cfg
        self.num_anchors = self.prior_generator.num_base_priors[0]
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, self.num_anchors * (5 + num_classes), 1) for channels in in_channels
        )

    def init_weights(self) -> None:
        """Start with the prior of an image with few objects, of any class alike."""
        super().init_weights()
        for conv, stride in zip(self.convs, self.strides, strict=True):
            bias = conv.get_parameter("bias").data.view(self.num_anchors, -1)
            bias[:, 4] = math.log(EXPECTED_OBJECTS / (EXPECTED_SIDE / stride) ** 2)
            bias[:, 5:] = math.log(0.6 / (self.num_classes - 0.99999))

    def forward(self, x: Sequence[Tensor]) -> tuple[list[Tensor]]:
        """Predict on levels (B, C, H, W), from the finest to the coarsest.

        Returns:
            Per level logits (B, A, H, W, 5 + num_classes), fp32 also under autocast: four of the
            box, the objectness, the classes.
        """
        if len(x) != len(self.convs):
            raise ValueError(
                f"YOLOv5Head: strides={self.strides} has {len(self.convs)} levels, but the neck "
                f"gives {len(x)}"
            )
        maps = [conv(level).float() for conv, level in zip(self.convs, x, strict=True)]
        return ([m.unflatten(1, (self.num_anchors, -1)).movedim(2, -1) for m in maps],)

    def decode(self, pred_maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return every box (B, P, 4), xyxy in pixels, and its scores (B, P, num_classes).

        P counts level by level, row by row, column by column, anchor by anchor.
        """
        sizes = [level.shape[2:4] for level in pred_maps]
        priors = self.prior_generator.grid_priors(sizes, device=pred_maps[0].device)
        boxes, scores = [], []
        for level, anchors, stride in zip(pred_maps, priors, self.strides, strict=True):
            logits = level.movedim(1, 3).flatten(1, 3)
            boxes.append(self.bbox_coder.decode(anchors, logits[..., :4], stride))
            scores.append(logits[..., 5:].sigmoid() * logits[..., 4:5].sigmoid())
        return torch.cat(boxes, dim=1), torch.cat(scores, dim=1)

    def loss_by_feat(
        self,
        pred_maps: Sequence[Tensor],
        batch_gt_instances: InstanceList,
        batch_img_metas: list[dict],
        batch_gt_instances_ignore: OptInstanceList = None,
    ) -> dict[str, Tensor]:
        """Return the losses of a batch: ``loss_bbox``, ``loss_obj`` and perhaps ``loss_cls``.

        Raises:
            ValueError: The levels do not have the head's strides.
        """
        check_strides(
            "YOLOv5Head", self.strides, [level[..., 0] for level in pred_maps], batch_img_metas
        )
        objects = join_objects(batch_gt_instances)
        total: dict[str, Any] = {}
        for index, level in enumerate(pred_maps):
            losses = self._level_losses(index, level, objects, batch_gt_instances_ignore)
            total = {name: total.get(name, 0) + loss for name, loss in losses.items()}
        height, width = batch_img_metas[0]["batch_input_shape"]
        factor = LEVELS / len(self.strides)
        total["loss_obj"] = total["loss_obj"] * (height * width / EXPECTED_SIDE**2)
        if self.times_batch:
            factor *= len(batch_gt_instances) * get_world_size()
        return {name: loss * factor for name, loss in total.items()}

    def _level_losses(
        self, index: int, level: Tensor, objects: Objects, crowds: OptInstanceList
    ) -> dict[str, Tensor]:
        """Return the losses of the logits (B, A, H, W, 5 + num_classes) of a level, unscaled."""
        images, boxes, labels = objects
        stride, base = self.strides[index], self.prior_generator.base_anchors[index].to(boxes)
        grid = (level.shape[2], level.shape[3])
        sizes = base[:, 2:] - base[:, :2]
        found = match_shapes(boxes, sizes, stride, grid, self.ratio_thr, self.reach)
        place = (images[found.gt], found.anchor, found.row, found.column)
        logits, wanted = level[place], boxes[found.gt]
        shift = torch.stack([found.column, found.row] * 2, dim=1) * stride
        decoded = self.bbox_coder.decode(base[found.anchor] + shift, logits[:, :4], stride)
        count = max(len(wanted), 1)
        target = objectness(level, place, ciou(decoded.detach(), wanted))
        losses = dict(
            loss_bbox=self.loss_bbox(decoded, wanted, avg_factor=count),
            loss_obj=self.balance[index]
            * self.loss_obj(level[..., 4], target, background(target, stride, crowds)),
        )
        if self.num_classes > 1:
            classes = torch.zeros_like(logits[:, 5:])
            classes[torch.arange(len(wanted), device=boxes.device), labels[found.gt]] = 1
            losses["loss_cls"] = (self.num_classes / CLASSES) * self.loss_cls(
                logits[:, 5:], classes, avg_factor=count * self.num_classes
            )
        return losses

    def predict_by_feat(
        self,
        pred_maps: Sequence[Tensor],
        batch_img_metas: list[dict],
        cfg: ConfigDict | None = None,
        rescale: bool = False,
        with_nms: bool = True,
    ) -> InstanceList:
        """Return the boxes of each image as mmdet's dense heads do.

        Raises:
            ValueError: The levels do not have the head's strides.
        """
        check_strides(
            "YOLOv5Head", self.strides, [level[..., 0] for level in pred_maps], batch_img_metas
        )
        cfg = self.test_cfg if cfg is None else cfg
        results = []
        for boxes, scores, meta in zip(*self.decode(pred_maps), batch_img_metas, strict=True):
            kept, labels, which, _ = filter_scores_and_topk(
                scores, cfg.get("score_thr", 0), cfg.get("nms_pre", -1)
            )
            height, width = meta["img_shape"][:2]
            limit = boxes.new_tensor([width, height, width, height])
            found = InstanceData(
                bboxes=boxes[which].clamp(min=0).minimum(limit), scores=kept, labels=labels
            )
            results.append(self._bbox_post_process(found, cfg, rescale, with_nms, meta))
        return results
