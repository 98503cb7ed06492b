"""The layers of the head of OSCAR."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, Scale
from mmengine.model import BaseModule
from torch import Tensor, nn

#: Logarithm of the largest distance to a side, 16,384 px: an exponential must not run away.
LARGEST_SIDE = math.log(2**14)

LIKELY_BACKGROUND, OPEN_GATE = 0.01, 0.95  # probabilities at the start of a training


SCORE_FACTORS = ("coarse", "noco")


class OSCARMaps(NamedTuple):
    """What the head predicts, in float32; C classes, h x w the refine map, H x W the coarse one."""

    refine_cls: Tensor  # logits (B, C, h, w)
    refine_reg: Tensor  # offsets of the corners from the coarse box, in strides (B, 4, h, w)
    noco: Tensor  # logits (B, 1, h, w)
    coarse_cls: Tensor  # logits (B, C, H, W)
    coarse_reg: Tensor  # distances to the four sides, in pixels (B, 4, H, W)


class OSCARLayers(BaseModule):
    """Towers, predictors and gates of a coarse and a refine level.

    Args:
        num_classes: Number of classes.
        in_channels: Channels of both input maps.
        feat_channels: Channels of the towers.
        stacked_convs: Convolutions in each tower.
        norm_cfg: Normalization of the towers.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        feat_channels: int,
        stacked_convs: int,
        norm_cfg: dict,
    ) -> None:
        starts = dict.fromkeys(("coarse_cls", "refine_cls", "noco"), LIKELY_BACKGROUND)
        starts |= dict.fromkeys(("coarse_gate", "refine_gate"), OPEN_GATE)
        override = [
            {"type": "Normal", "name": name, "std": 0.01, "bias_prob": probability}
            for name, probability in starts.items()
        ]
        super().__init__({"type": "Normal", "layer": "Conv2d", "std": 0.01, "override": override})

        def tower(channels: int) -> nn.Sequential:
            widths = [channels] + [feat_channels] * (stacked_convs - 1)
            return nn.Sequential(
                *(ConvModule(w, feat_channels, 3, padding=1, norm_cfg=norm_cfg) for w in widths)
            )

        def predictor(channels: int) -> nn.Conv2d:
            return nn.Conv2d(feat_channels, channels, 3, padding=1)

        self.coarse_cls_tower, self.coarse_reg_tower = tower(in_channels), tower(in_channels)
        self.refine_cls_tower, self.noco_tower = tower(in_channels), tower(in_channels)
        self.refine_reg_tower = tower(in_channels + feat_channels)
        self.coarse_cls, self.coarse_gate = predictor(num_classes), predictor(num_classes)
        self.refine_cls, self.refine_gate = predictor(num_classes), predictor(num_classes)
        self.coarse_reg, self.refine_reg, self.noco = predictor(4), predictor(4), predictor(1)
        self.coarse_scale, self.refine_scale = Scale(1.0), Scale(1.0)

    def forward(self, fine: Tensor, coarse: Tensor) -> OSCARMaps:
        """Predict from the feature maps of the refine and the coarse level."""
        coarse_cls, coarse_reg = self.coarse_cls_tower(coarse), self.coarse_reg_tower(coarse)
        sides = self.coarse_scale(self.coarse_reg(coarse_reg)).float().clamp(max=LARGEST_SIDE)
        refine_cls = self.refine_cls_tower(fine)
        seen = torch.cat([fine, _resize(coarse_reg, fine)], 1)
        refine_reg = self.refine_scale(self.refine_reg(self.refine_reg_tower(seen)))
        gate_of_coarse = _resize(self.coarse_gate(coarse_cls), fine).sigmoid()
        gate_of_refine = _resize(self.refine_gate(refine_cls), coarse).sigmoid()
        maps = OSCARMaps(
            refine_cls=self.refine_cls(refine_cls) * gate_of_coarse,
            refine_reg=refine_reg,
            noco=self.noco(self.noco_tower(fine)),
            coarse_cls=self.coarse_cls(coarse_cls) * gate_of_refine,
            coarse_reg=sides.exp(),
        )
        return OSCARMaps(*(tensor.float() for tensor in maps))


def _resize(tensor: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(tensor, size=like.shape[-2:], mode="bilinear", align_corners=False)


def score_factor(noco: Tensor, coarse_cls: Tensor, names: Sequence[str]) -> Tensor:
    """Return what scores of the refine level are multiplied by, as logits (B, 1, H, W).

    Args:
        noco: Logits of the NoCo branch, (B, 1, H, W).
        coarse_cls: Class logits of the coarse level, (B, classes, h, w).
        names: Which of :data:`SCORE_FACTORS` count.
    """
    coarse = coarse_cls.sigmoid().amax(1, keepdim=True)
    coarse = F.interpolate(coarse, noco.shape[-2:], mode="nearest-exact")
    factors = {"coarse": coarse, "noco": noco.sigmoid()}
    factor = torch.ones_like(noco)
    for name in names:
        factor = factor * factors[name]
    return factor.logit(eps=1e-6)  # the post-processing takes the sigmoid
