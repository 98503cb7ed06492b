"""The head of OSCAR, the one-stage cascade refinement network."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.task_modules.prior_generators import MlvlPointGenerator
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import distance2bbox
from mmdet.utils import reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.coders import CornerOffsetBBoxCoder
from .oscar_layers import SCORE_FACTORS, OSCARLayers, OSCARMaps, score_factor
from .oscar_targets import LevelTargets, assign_points, noco_targets, to_rows

FOCAL_LOSS = {"type": "FocalLoss", "use_sigmoid": True, "gamma": 3.0, "loss_weight": 2.0}
DIOU_LOSS = {"type": "DIoULoss"}
NOCO_LOSS = {"type": "QualityFocalLoss", "beta": 2.0, "loss_weight": 1000.0}
GROUP_NORM = {"type": "GN", "num_groups": 32, "requires_grad": True}


@MODELS.register_module()
class OSCARHead(BaseDenseHead):
    """Find small targets on a coarse level and refine them on the next finer one.

    Every point whose pseudo box holds it is positive (:mod:`.oscar_targets`). The coarse level
    regresses the pseudo box, the refine level moves the corners of the coarse box under it to the
    ground truth; its tower also sees the coarse regression features. Each level multiplies the
    class logits of the other by a gate in (0, 1). A branch on the refine level learns the NoCo map
    that ``GenerateNoCoMap`` adds to the sample. Detections come from the refine level alone.
    (Dai et al., One-Stage Cascade Refinement Networks, arXiv 2212.08472.)

    What the description leaves open: a gate is a 3x3 convolution on the class features, resized
    bilinearly before the sigmoid; coarse boxes are resized to the nearest. The gradient of a
    refined box reaches its coarse box. The NoCo loss is a mean over all points of the refine level,
    padding included; the box losses are means over the positives. Class and NoCo probabilities
    start at .01 and the gates at .95: with half-open gates a level learned to close them on its
    targets, which holds their probability at .5. The score of a detection is its class probability
    times the ``score_factors``, as in the authors' program. Ignored ground truths are background.

    Args:
        num_classes: Number of classes.
        in_channels: Channels of both input maps.
        feat_channels: Channels of the towers.
        stacked_convs: Convolutions in each tower.
        strides: Strides of the refine and the coarse map.
        pseudo_sides: Sides of the pseudo boxes on either level, in strides of that level.
        open_border: Whether a pseudo box holds none of its borders, as in the authors' program;
            else it holds the left and the upper one, and every target has a point.
        score_factors: What multiplies the class probability: ``'coarse'``, the highest class
            probability of the coarse level at that place, and ``'noco'``, the predicted NoCo.
        norm_cfg: Normalization of the towers.
        loss_cls: Class loss of both levels.
        loss_bbox: Box loss of both levels, on boxes in pixels.
        loss_noco: Loss of the NoCo branch, on logits and targets (N, 1).
        train_cfg: Not used; a detector hands it over.
        test_cfg: Settings of mmdet's post-processing. ``min_bbox_size=0`` drops refined boxes that
            turned inside out.

    Raises:
        ValueError: If strides, sides or score factors make no sense.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        feat_channels: int = 64,
        stacked_convs: int = 4,
        strides: Sequence[int] = (4, 8),
        pseudo_sides: Sequence[float] = (1.5, 1.0),
        open_border: bool = False,
        score_factors: Sequence[str] = SCORE_FACTORS,
        norm_cfg: dict = GROUP_NORM,
        loss_cls: dict = FOCAL_LOSS,
        loss_bbox: dict = DIOU_LOSS,
        loss_noco: dict = NOCO_LOSS,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
    ) -> None:
        super().__init__()
        if len(strides) != 2 or not 0 < strides[0] < strides[1]:
            raise ValueError(f"strides must be a finer and a coarser one, but got {strides}")
        if len(pseudo_sides) != 2 or not min(pseudo_sides) > 0:
            raise ValueError(f"pseudo_sides must be two positive numbers, but got {pseudo_sides}")
        if not set(score_factors) <= set(SCORE_FACTORS):
            raise ValueError(
                f"score_factors must be some of {SCORE_FACTORS}, but got {score_factors}"
            )
        self.num_classes = self.cls_out_channels = num_classes
        self.use_sigmoid_cls = True
        self.strides, self.score_factors = tuple(strides), tuple(score_factors)
        self.pseudo_sides = [s * side for s, side in zip(strides, pseudo_sides, strict=True)]
        self.prior_generator = MlvlPointGenerator(list(strides))
        self.open_border = open_border
        self.bbox_coder = CornerOffsetBBoxCoder(strides[0])
        self.layers = OSCARLayers(num_classes, in_channels, feat_channels, stacked_convs, norm_cfg)
        self.loss_cls = MODELS.build(loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox)
        self.loss_noco = MODELS.build(loss_noco)
        self.train_cfg, self.test_cfg = train_cfg, test_cfg

    def forward(self, x: tuple[Tensor, ...]) -> OSCARMaps:
        """Predict from two feature maps (B, in_channels, ...), the finer one first.

        Raises:
            ValueError: If the sizes of the maps do not belong to ``strides``.
        """
        sizes = [tuple(level.shape[-2:]) for level in x]
        fine, coarse = self.strides
        if len(x) != 2 or sizes[1] != tuple(-(-side * fine // coarse) for side in sizes[0]):
            raise ValueError(
                f"OSCARHead needs two maps with the strides {self.strides}, but the neck gives "
                f"maps of {sizes}: check its out_indices"
            )
        return self.layers(*x)

    def loss(self, x: tuple[Tensor, ...], batch_data_samples: SampleList) -> dict[str, Tensor]:
        """Return the losses of both levels and of the NoCo branch."""
        maps = self(x)
        noco = noco_targets(batch_data_samples, maps.noco.shape[-2:])
        gts = [sample.gt_instances for sample in batch_data_samples]
        return self.loss_by_feat(*maps, batch_noco=noco, batch_gt_instances=gts)

    def loss_by_feat(
        self, *maps: Tensor, batch_noco: Tensor, batch_gt_instances: list[InstanceData]
    ) -> dict[str, Tensor]:
        """Compute the losses.

        Args:
            *maps: The fields of :class:`OSCARMaps`.
            batch_noco: NoCo targets (B, 1, h, w) in [0, 1].
            batch_gt_instances: ``bboxes`` in xyxy pixels of the input and ``labels``, per image.
        """
        refine_cls, refine_reg, noco, coarse_cls, coarse_reg = maps
        coarse_boxes = self._coarse_boxes(coarse_reg)
        boxes = self.bbox_coder.decode(self._priors(coarse_boxes, refine_reg), to_rows(refine_reg))
        fine = self._targets(0, refine_cls, batch_gt_instances)
        coarse = self._targets(1, coarse_cls, batch_gt_instances)
        coarse_losses = self._level_losses(
            coarse_cls, to_rows(coarse_boxes), coarse.labels, coarse.pseudo_boxes
        )
        refine_losses = self._level_losses(refine_cls, boxes, fine.labels, fine.boxes)
        return {
            "loss_coarse_cls": coarse_losses[0],
            "loss_coarse_bbox": coarse_losses[1],
            "loss_refine_cls": refine_losses[0],
            "loss_refine_bbox": refine_losses[1],
            "loss_noco": self.loss_noco(noco.reshape(-1, 1), batch_noco.reshape(-1, 1)),
        }

    def _level_losses(
        self, logits: Tensor, boxes: Tensor, labels: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return class and box loss of a level; boxes and targets (B, N, 4), labels (B, N)."""
        positive = labels != self.num_classes
        count = reduce_mean(positive.sum().float()).clamp(min=1)
        return (
            self.loss_cls(to_rows(logits).flatten(0, 1), labels.flatten(), avg_factor=count),
            self.loss_bbox(boxes[positive], targets[positive], avg_factor=count),
        )

    def _targets(self, level: int, like: Tensor, gts: list[InstanceData]) -> LevelTargets:
        """Return the targets of all images, stacked, on a level with the size of ``like``."""
        points, side = self._points(level, like), self.pseudo_sides[level]
        images = [
            assign_points(
                points, g.bboxes, g.labels, side, self.num_classes, open_border=self.open_border
            )
            for g in gts
        ]
        return LevelTargets(*map(torch.stack, zip(*images, strict=True)))

    def _points(self, level: int, like: Tensor) -> Tensor:
        """Return the points (N, 2) of a level in pixels."""
        return self.prior_generator.single_level_grid_priors(
            like.shape[-2:], level, device=like.device
        )

    def _coarse_boxes(self, coarse_reg: Tensor) -> Tensor:
        """Return the boxes of the coarse level as a map (B, 4, H, W) of xyxy in pixels."""
        boxes = distance2bbox(self._points(1, coarse_reg), to_rows(coarse_reg))
        return boxes.transpose(1, 2).view_as(coarse_reg)

    @staticmethod
    def _priors(coarse_boxes: Tensor, like: Tensor) -> Tensor:
        """Return for each point of the refine level the coarse box under it (B, N, 4)."""
        return to_rows(F.interpolate(coarse_boxes, like.shape[-2:], mode="nearest-exact"))

    def predict_by_feat(
        self,
        *maps: Tensor,
        batch_img_metas: list[dict],
        cfg: dict | None = None,
        rescale: bool = False,
        with_nms: bool = True,
    ) -> list[InstanceData]:
        """Return the detections of the refine level by mmdet's post-processing, per image.

        Args:
            *maps: The fields of :class:`OSCARMaps`.
            batch_img_metas: Meta information of the images.
            cfg: Replaces ``test_cfg``.
            rescale: Give boxes in pixels of the original image.
            with_nms: Suppress overlapping boxes.
        """
        refine_cls, refine_reg, noco, coarse_cls, coarse_reg = maps
        priors = self._priors(self._coarse_boxes(coarse_reg), refine_reg)
        factor = score_factor(noco, coarse_cls, self.score_factors)
        how = dict(cfg=cfg, rescale=rescale, with_nms=with_nms)
        rows = zip(refine_cls, refine_reg, factor, priors, batch_img_metas, strict=True)
        return [
            self._predict_by_feat_single(*([each.detach()] for each in one), img_meta=meta, **how)
            for *one, meta in rows
        ]
