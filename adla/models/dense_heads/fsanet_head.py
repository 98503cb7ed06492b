"""The head of FSANet."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import Scale, build_norm_layer
from mmcv.ops import DeformConv2d
from mmdet.models.dense_heads import FCOSHead
from mmdet.registry import MODELS
from mmdet.utils import InstanceList, OptInstanceList, reduce_mean
from torch import Tensor, nn

COARSE_LOSS = {"type": "IoULoss", "loss_weight": 0.2}
# What FCOSHead can be told and FSANet does not have.
_FIXED = ("norm_on_bbox", "centerness_on_reg", "center_sampling", "cls_predictor_cfg")


@MODELS.register_module()
class FSANetHead(FCOSHead):
    r"""FCOS in two steps: a coarse box says where the features of the final one are read (SAGH).

    At each point the box tower predicts a coarse box with distances ``d0 = exp(s r)`` to the sides,
    in pixels, s being learned for each level. r also tells a deformable convolution on each tower
    where to look, by one linear map for both. On the moved features stand the class, the center
    score and a correction: ``d = d0 + s r'``. (Wu et al., 10.1109/TGRS.2022.3205052.)

    - The coarse box learns FCOS's target at the point.
    - The final box, class and center score learn the target of FCOS at the *center of the final
      box*: positive is a point whose box has its center in an object, even if the point itself lies
      outside. The distances wanted are those from the point.
    - Both box losses are weighted by the center score wanted, a Gaussian over the object:
      ``exp(-4 (x / w)^2 - 4 (y / h)^2)``, x and y from the object's center to the point.

    Args:
        num_classes: Classes without background.
        in_channels: Channels of the levels.
        deform_groups: Groups of channels that are moved alike.
        dcn_kernel: Side of the deformable convolutions, odd.
        loss_bbox_init: Loss of the coarse boxes.
        **kwargs: Arguments of mmdet's ``FCOSHead``, such as `strides`, `regress_ranges` and
            `stacked_convs`.

    Raises:
        ValueError: An argument of ``FCOSHead`` that would change what is defined above, or an even
            `dcn_kernel`, or channels that the groups do not divide.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        deform_groups: int = 4,
        dcn_kernel: int = 3,
        loss_bbox_init: dict = COARSE_LOSS,
        **kwargs: Any,
    ) -> None:
        wrong = sorted(set(kwargs) & set(_FIXED))
        if wrong:
            raise ValueError(f"FSANetHead has no {', '.join(wrong)}: its boxes are in pixels")
        channels = kwargs.get("feat_channels", 256)
        if dcn_kernel < 1 or dcn_kernel % 2 == 0 or deform_groups < 1 or channels % deform_groups:
            raise ValueError(
                "FSANetHead: dcn_kernel must be odd, and deform_groups must divide feat_channels, "
                f"but got {dcn_kernel}, {deform_groups} and {channels}"
            )
        self.deform_groups, self.dcn_kernel = deform_groups, dcn_kernel
        super().__init__(num_classes, in_channels, **kwargs)
        self.loss_bbox_init = MODELS.build(loss_bbox_init)

    def _init_layers(self) -> None:
        super()._init_layers()
        channels, side = self.feat_channels, self.dcn_kernel
        self.conv_reg_init = nn.Conv2d(channels, 4, 3, padding=1)
        self.conv_offset = nn.Conv2d(4, self.deform_groups * side**2 * 2, 1, bias=False)
        for name in ("cls", "reg"):
            conv = DeformConv2d(
                channels, channels, side, padding=side // 2, deform_groups=self.deform_groups
            )
            setattr(self, f"{name}_adapt", conv)
            setattr(self, f"{name}_norm", build_norm_layer(self.norm_cfg, channels)[1])

    def forward_single(self, x: Tensor, scale: Scale, stride: int) -> tuple[Tensor, ...]:
        """Predict on a level (B, C, H, W).

        Returns:
            Class logits (B, num_classes, H, W), distances of the final box to the point (B, 4, H,
            W), left, top, right, bottom, in pixels, logits of the center score (B, 1, H, W), and
            the distances of the coarse box. A final distance can be negative.
        """
        cls_feat = reg_feat = x
        for layer in self.cls_convs:
            cls_feat = layer(cls_feat)
        for layer in self.reg_convs:
            reg_feat = layer(reg_feat)
        shape = self.conv_reg_init(reg_feat)
        coarse = scale(shape).float().exp()
        offset = self.conv_offset(shape)
        cls_feat = self.cls_norm(self.cls_adapt(cls_feat, offset)).relu()
        reg_feat = self.reg_norm(self.reg_adapt(reg_feat, offset)).relu()
        final = coarse + scale(self.conv_reg(reg_feat)).float()
        return self.conv_cls(cls_feat), final, self.conv_centerness(cls_feat), coarse

    def predict_by_feat(
        self,
        cls_scores: list[Tensor],
        bbox_preds: list[Tensor],
        centernesses: list[Tensor],
        coarse_preds: list[Tensor],
        **kwargs: Any,
    ) -> InstanceList:
        """Return the final boxes of each image, as ``FCOSHead`` does."""
        return super().predict_by_feat(cls_scores, bbox_preds, centernesses, **kwargs)

    def loss_by_feat(
        self,
        cls_scores: list[Tensor],
        bbox_preds: list[Tensor],
        centernesses: list[Tensor],
        coarse_preds: list[Tensor],
        batch_gt_instances: InstanceList,
        batch_img_metas: list[dict],
        batch_gt_instances_ignore: OptInstanceList = None,
    ) -> dict[str, Tensor]:
        """Return ``loss_cls``, ``loss_bbox``, ``loss_bbox_init`` and ``loss_centerness``."""
        points = self.prior_generator.grid_priors(
            [level.shape[-2:] for level in cls_scores],
            dtype=bbox_preds[0].dtype,
            device=bbox_preds[0].device,
        )
        labels, targets = map(torch.cat, self.get_targets(points, batch_gt_instances))
        loss_init, _ = self._box_loss(self.loss_bbox_init, points, coarse_preds, labels, targets)
        labels, targets = self.refined_targets(points, bbox_preds, batch_gt_instances)
        loss_bbox, centers = self._box_loss(self.loss_bbox, points, bbox_preds, labels, targets)
        positive = labels < self.num_classes
        count = reduce_mean(positive.sum().float()).clamp(min=1)
        return dict(
            loss_cls=self.loss_cls(flatten(cls_scores), labels, avg_factor=count),
            loss_bbox=loss_bbox,
            loss_bbox_init=loss_init,
            loss_centerness=self.loss_centerness(
                flatten(centernesses)[positive, 0], centers, avg_factor=count
            ),
        )

    def refined_targets(
        self, points: Sequence[Tensor], bbox_preds: Sequence[Tensor], gts: InstanceList
    ) -> tuple[Tensor, Tensor]:
        """Return labels (N,) and distances (N, 4) from the points, by the final boxes' centers.

        Args:
            points: Points (P, 2) of each level, in pixels.
            bbox_preds: Final distances (B, 4, H, W) of each level, in pixels.
            gts: Objects of the images.

        Returns:
            Level by level, in each the images, in each the points.
        """
        rows = [level.detach().flatten(2).transpose(1, 2) for level in bbox_preds]
        shifts = [(level[..., 2:] - level[..., :2]) / 2 for level in rows]  # (B, P, 2)
        found = []
        for image, gt in enumerate(gts):
            centers = [p + shift[image] for p, shift in zip(points, shifts, strict=True)]
            found.append(self.get_targets(centers, [gt]))
        labels = [torch.cat(level) for level in zip(*(one[0] for one in found), strict=True)]
        targets = [torch.cat(level) for level in zip(*(one[1] for one in found), strict=True)]
        back = torch.cat([torch.cat([-s, s], dim=-1).flatten(0, 1) for s in shifts])
        return torch.cat(labels), torch.cat(targets) + back

    def centerness_target(self, pos_bbox_targets: Tensor) -> Tensor:
        """Return the center score wanted, (N,), for distances (N, 4) from points, in (0, 1]."""
        start, end = pos_bbox_targets[:, :2], pos_bbox_targets[:, 2:]
        share = (start - end) / 2 / (start + end)
        return torch.exp(-4 * share.square().sum(dim=1))

    def _box_loss(
        self,
        loss: nn.Module,
        points: Sequence[Tensor],
        preds: Sequence[Tensor],
        labels: Tensor,
        targets: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the loss of the positives' boxes and the center scores wanted of them."""
        positive = labels < self.num_classes
        places = torch.cat([level.repeat(len(preds[0]), 1) for level in points])[positive]
        wanted, found = targets[positive], flatten(preds)[positive]
        centers = self.centerness_target(wanted)
        total = reduce_mean(centers.sum()).clamp(min=1e-6)
        decode = self.bbox_coder.decode
        boxes = decode(places, found), decode(places, wanted)
        return loss(*boxes, weight=centers, avg_factor=total), centers


def flatten(levels: Sequence[Tensor]) -> Tensor:
    """Join levels (B, C, H, W) to (N, C): by level, then by image, then by point."""
    return torch.cat([level.movedim(1, -1).flatten(0, 2) for level in levels])
