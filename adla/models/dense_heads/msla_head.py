"""The head of MSLA-YOLOv8, and of YOLOv8 itself."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.utils import ConfigType, InstanceList, OptInstanceList, reduce_mean
from mmengine.config import ConfigDict
from mmengine.dist import get_world_size
from mmengine.model import ModuleList
from mmengine.structures import InstanceData
from torch import Tensor

from ..layers.c2f import ACT_CFG, NORM_CFG
from .batched_targets import in_ignored_region, pad_instances
from .box_grid import check_box_grid, snap_boxes
from .box_voting import check_voting_iou, vote_boxes
from .level_strides import check_strides
from .msla_branches import BRANCHES


@MODELS.register_module()
class MSLAHead(BaseDenseHead):
    """Anchor-free, decoupled head with distributed box sides, a branch of its own for each level.

    Strides 4 to 32 with a tiny branch on the first and DotD in the assigner make MSLA-YOLOv8;
    strides 8 to 32 with normal branches and a ``YOLOv8Assigner`` make YOLOv8. Its losses are binary
    cross entropy against soft targets, CIoU and distribution focal loss, all divided by the sum of
    the soft targets (the mean over all processes, at least 1).

    Args:
        num_classes: Classes without background.
        in_channels: Channels of the levels, one number for all or one for each.
        strides: Strides of the levels in pixels, from the finest to the coarsest.
        branches: 'normal' or 'tiny', one for each level; None for normal ones.
        reg_max: Bins of a side's distribution; a side is at most ``reg_max - 1`` strides away.
        feat_channels: Channels of the normal towers; None for YOLOv8's rule: for classes as many as
            the finest level or the classes (up to 100) have, for boxes at least 4 `reg_max`.
        loss_cls: Binary cross entropy, in mmdet's ``CrossEntropyLoss`` with `use_sigmoid`.
        loss_bbox: Loss of boxes in pixels.
        loss_dfl: Loss of the distributions.
        times_batch: Whether the losses are multiplied by the images of the batch over all
            processes, as in YOLOv8, whose rates, clipping and accumulation are made for that.
        train_cfg: ``assigner``: an ``MSLAAssigner``, or None where nothing is trained.
        test_cfg: As every dense head of mmdet takes it; with ``voting_iou`` each box that NMS keeps
            becomes the mean of those that overlap it so much, see :func:`.vote_boxes`; with
            ``box_grid`` its edges then lie on multiples of that many pixels of the image, see
            :func:`.snap_boxes`; only boxes that are scaled to the image are moved.

    Raises:
        ValueError: `in_channels` or `branches` do not have one entry for each stride, a branch has
            another name, or ``voting_iou`` or ``box_grid`` cannot be.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int | Sequence[int],
        strides: Sequence[int] = (4, 8, 16, 32),
        branches: Sequence[str] | None = None,
        reg_max: int = 16,
        feat_channels: int | None = None,
        norm_cfg: ConfigType = NORM_CFG,
        act_cfg: ConfigType = ACT_CFG,
        loss_cls: ConfigType = dict(  # noqa: B006  read only, as everywhere in mmdet
            type="CrossEntropyLoss", use_sigmoid=True, loss_weight=0.5
        ),
        loss_bbox: ConfigType = dict(type="CompleteIoULoss", loss_weight=7.5),  # noqa: B006
        loss_dfl: ConfigType = dict(type="DistributionFocalLoss", loss_weight=1.5),  # noqa: B006
        times_batch: bool = False,
        train_cfg: ConfigType | None = None,
        test_cfg: ConfigType | None = None,
        init_cfg: ConfigType | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if isinstance(in_channels, int):
            in_channels = [in_channels] * len(strides)
        branches = ["normal"] * len(strides) if branches is None else branches
        _check_levels(strides, in_channels, branches)
        self.num_classes = self.cls_out_channels = num_classes
        self.use_sigmoid_cls = True
        self.strides = list(strides)
        self.loss_cls = MODELS.build(loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox)
        self.loss_dfl = MODELS.build(loss_dfl)
        self.times_batch = times_batch
        self.prior_generator = TASK_UTILS.build(
            dict(type="StridedPointGenerator", strides=self.strides, offset=0.5)
        )
        self.bbox_coder = TASK_UTILS.build(dict(type="DFLPointCoder", reg_max=reg_max))
        self.assigner: Any = TASK_UTILS.build(train_cfg["assigner"]) if train_cfg else None
        self.train_cfg, self.test_cfg = train_cfg, test_cfg
        if test_cfg and "voting_iou" in test_cfg:
            check_voting_iou(test_cfg["voting_iou"])
        if test_cfg and "box_grid" in test_cfg:
            check_box_grid(test_cfg["box_grid"])

        num_bins = self.bbox_coder.encode_size
        towers = dict(
            cls_channels=feat_channels or max(in_channels[0], min(num_classes, 100)),
            reg_channels=feat_channels or max(in_channels[0] // 4, num_bins),
            conv_cfg=dict(norm_cfg=norm_cfg, act_cfg=act_cfg),
        )
        self.branches = ModuleList(
            BRANCHES[name](channels, num_classes, num_bins, stride=stride, **towers)
            for name, channels, stride in zip(branches, in_channels, strides, strict=True)
        )

    def forward(self, x: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Predict on levels (B, C, H, W), from the finest to the coarsest.

        Returns:
            Per level class logits (B, num_classes, H, W) and box logits (B, 4 reg_max, H, W), fp32
            also under autocast: in fewer bits the far grid points would fall together.
        """
        if len(x) != len(self.branches):
            raise ValueError(
                f"MSLAHead: strides={self.strides} has {len(self.branches)} levels, but the neck "
                f"gives {len(x)}"
            )
        outs = [branch(level) for branch, level in zip(self.branches, x, strict=True)]
        return [cls.float() for cls, _ in outs], [box.float() for _, box in outs]

    def flatten(self, levels: Sequence[Tensor]) -> Tensor:
        """Join levels (B, C, H, W) to (B, P, C), in the order of the grid points."""
        return torch.cat([level.flatten(2).transpose(1, 2) for level in levels], dim=1)

    def grid_points(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Return the grid points (P_l, 4) of each level: x, y and strides, in pixels."""
        sizes = [level.shape[-2:] for level in levels]
        return self.prior_generator.grid_priors(
            sizes, dtype=levels[0].dtype, device=levels[0].device
        )

    def decode(
        self, cls_scores: Sequence[Tensor], bbox_preds: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return every box (B, P, 4), xyxy in pixels, and its scores (B, P, num_classes)."""
        priors = torch.cat(self.grid_points(cls_scores))
        boxes = self.bbox_coder.decode(priors, self.flatten(bbox_preds))
        return boxes, self.flatten(cls_scores).sigmoid()

    def loss_by_feat(
        self,
        cls_scores: Sequence[Tensor],
        bbox_preds: Sequence[Tensor],
        batch_gt_instances: InstanceList,
        batch_img_metas: list[dict],
        batch_gt_instances_ignore: OptInstanceList = None,
    ) -> dict[str, Tensor]:
        """Return the losses of a batch: ``loss_cls``, ``loss_bbox`` and ``loss_dfl``.

        Raises:
            ValueError: The levels do not have the head's strides.
        """
        check_strides("MSLAHead", self.strides, cls_scores, batch_img_metas)
        mlvl_priors = self.grid_points(cls_scores)
        priors = torch.cat(mlvl_priors)
        logits, dists = self.flatten(cls_scores), self.flatten(bbox_preds)
        with torch.no_grad():
            assigned = self.assigner.assign_batch(
                logits.sigmoid(),
                self.bbox_coder.decode(priors, dists),
                priors,
                *pad_instances(batch_gt_instances),
                num_level_priors=[len(level) for level in mlvl_priors],
            )
        image, point = (assigned.gt_inds > 0).nonzero(as_tuple=True)
        weight, boxes = assigned.scores[image, point], assigned.boxes[image, point]
        targets = torch.zeros_like(logits)
        targets[image, point, assigned.labels[image, point]] = weight
        total = reduce_mean(assigned.scores.sum()).clamp(min=1)

        ignored = in_ignored_region(priors, batch_gt_instances_ignore)
        care = None if ignored is None else (targets > 0) | ~ignored[..., None]
        priors, dists = priors[point], dists[image, point]
        sides = self.bbox_coder.encode(priors, boxes).flatten()
        losses = dict(
            loss_cls=self.loss_cls(logits, targets, care, avg_factor=total),
            loss_bbox=self.loss_bbox(
                self.bbox_coder.decode(priors, dists), boxes, weight, avg_factor=total
            ),
            loss_dfl=self.loss_dfl(
                dists.reshape(-1, self.bbox_coder.reg_max),
                sides,
                weight.repeat_interleave(4),
                avg_factor=4 * total,
            ),
        )
        if not self.times_batch:
            return losses
        images = len(batch_gt_instances) * get_world_size()
        return {name: loss * images for name, loss in losses.items()}

    def predict_by_feat(
        self, cls_scores: Any, bbox_preds: Any, *args: Any, batch_img_metas: list, **kwargs: Any
    ) -> InstanceList:
        """Return the boxes of each image as mmdet's dense heads do.

        Raises:
            ValueError: The levels do not have the head's strides.
        """
        check_strides("MSLAHead", self.strides, cls_scores, batch_img_metas)
        return super().predict_by_feat(
            cls_scores, bbox_preds, *args, batch_img_metas=batch_img_metas, **kwargs
        )

    def _bbox_post_process(
        self,
        results: InstanceData,
        cfg: ConfigDict,
        rescale: bool = False,
        with_nms: bool = True,
        img_meta: dict | None = None,
    ) -> InstanceData:
        kept = super()._bbox_post_process(results, cfg, rescale, with_nms, img_meta)
        voting_iou, grid = cfg.get("voting_iou"), cfg.get("box_grid")
        if voting_iou is not None and kept is not results:  # the same where there was no NMS
            kept.bboxes = vote_boxes(kept, results, voting_iou)
        if grid is not None and rescale and with_nms:
            assert img_meta is not None  # mmdet has read the scale in it
            kept.bboxes = snap_boxes(kept.bboxes, grid, img_meta["ori_shape"])
        return kept


def _check_levels(strides: Sequence, in_channels: Sequence, branches: Sequence) -> None:
    if not len(strides) == len(in_channels) == len(branches):
        raise ValueError(
            f"MSLAHead: strides={list(strides)}, in_channels={list(in_channels)} and "
            f"branches={list(branches)} must have one entry for each level"
        )
    unknown = [name for name in branches if name not in BRANCHES]
    if unknown:
        raise ValueError(
            f"MSLAHead: branches must be some of {sorted(BRANCHES)}, but got {unknown[0]!r}"
        )
