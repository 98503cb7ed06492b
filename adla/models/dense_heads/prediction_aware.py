"""A mixin that shows an anchor head's assigner the predictions of the image."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmdet.models.task_modules.assigners import AssignResult
from mmdet.models.task_modules.prior_generators import anchor_inside_flags
from mmdet.models.task_modules.samplers import BaseSampler, PseudoSampler, SamplingResult
from mmdet.structures.bbox import get_box_tensor
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.assigners.prediction_protocol import ShownAssigner, asks_for, require_progress


class PredictionAwareMixin:
    """Hand the decoded, detached predictions of each image to the assigner.

    mmdet's anchor heads give an assigner ``pred_instances.priors`` only. In front of one of them in
    the bases of a class, this mixin adds ``bboxes`` (N, 4), the regressed boxes in xyxy pixels, and
    ``scores`` (N, C), in float32 and without gradient, row by row those of the priors. It has no
    parameters and changes neither the losses nor the inference. It serves heads whose maps hold
    what their box coder decodes (not ``GFLHead``, which predicts distributions) and whose
    ``_get_targets_single`` begins with ``flat_anchors, valid_flags`` (not ``YOLOFHead``).

    Nothing is decoded for an assigner that does not ask for it by ``needs_predictions``,
    ``needs_scores`` and ``needs_empty_images``, see :func:`asks_for`. One that says by
    ``needs_progress`` that nobody told it the progress is refused.
    """

    _CLS_SCORES, _BBOX_PREDS = 0, 1  # their places among the arguments of ``loss_by_feat``

    def loss_by_feat(self, *args: Any, **kwargs: Any) -> dict:
        """Compute the losses of the head, with the predictions available to the assigner.

        The predictions of an image travel beside its meta information, in a copy of it.
        """
        require_progress(self.assigner)
        self._check_channels(args[self._BBOX_PREDS])
        if asks_for(self.assigner, "predictions"):
            scores, deltas = args[self._CLS_SCORES], args[self._BBOX_PREDS]
            args = tuple(self._with_predictions(arg, scores, deltas) for arg in args)
            kwargs = {k: self._with_predictions(v, scores, deltas) for k, v in kwargs.items()}
        return super().loss_by_feat(*args, **kwargs)

    def _check_channels(self, bbox_preds: list[Tensor]) -> None:
        """Refuse maps that hold something else than one encoded box for each anchor."""
        counts, size = self.prior_generator.num_base_priors, self.bbox_coder.encode_size
        for level, anchors in zip(bbox_preds, counts, strict=True):
            if level.size(1) != anchors * size:
                raise ValueError(
                    f"{type(self).__name__} predicts {level.size(1)} numbers for the {anchors} "
                    f"anchors of a place, but {type(self.bbox_coder).__name__} decodes {size} for "
                    "each: PredictionAwareMixin cannot show such a head's boxes"
                )

    def _with_predictions(
        self, arg: Any, cls_scores: list[Tensor], bbox_preds: list[Tensor]
    ) -> Any:
        """Return ``arg``, or, where it is the list of image metas, one with the predictions."""
        if not (isinstance(arg, (list, tuple)) and arg and isinstance(arg[0], dict)):
            return arg
        return [
            dict(
                meta,
                adla_predictions=(
                    [level[i].detach() for level in cls_scores],
                    [level[i].detach() for level in bbox_preds],
                ),
            )
            for i, meta in enumerate(arg)
        ]

    @staticmethod
    def _flatten(levels: list[Tensor], channels: int) -> Tensor:
        """Return the maps (A * channels, H, W) of one image as rows in the order of the anchors."""
        return torch.cat([x.permute(1, 2, 0).reshape(-1, channels) for x in levels]).float()

    def _get_targets_single(
        self, flat_anchors: Any, valid_flags: Tensor, *args: Any, **kwargs: Any
    ) -> tuple:
        """Compute the targets of one image as the head does, the assigner seeing more.

        Where all anchors are inside the image, as mostly, nothing is selected, nor mapped back.
        """
        given = (*args, *kwargs.values())
        meta = next((arg for arg in given if isinstance(arg, dict)), {})
        if "img_shape" not in meta:
            return super()._get_targets_single(flat_anchors, valid_flags, *args, **kwargs)
        # The same filter as in the head: the assigner sees the anchors that it leaves.
        inside = anchor_inside_flags(
            flat_anchors, valid_flags, meta["img_shape"][:2], self.train_cfg["allowed_border"]
        )
        where = slice(None) if bool(inside.all()) else inside
        if where is not inside and kwargs.get("unmap_outputs"):
            kwargs["unmap_outputs"] = False
        shown = {}
        gts = next((arg for arg in given if isinstance(arg, InstanceData)), ())
        wanted = len(gts) or asks_for(self.assigner, "empty_images")
        if "adla_predictions" in meta and wanted:
            shown = self._decoded(flat_anchors[where], where, *meta["adla_predictions"])
        with self._replaced(ShownAssigner(self.assigner, lambda _: shown), _sampler(self.sampler)):
            return super()._get_targets_single(flat_anchors, valid_flags, *args, **kwargs)

    @torch.no_grad()
    def _decoded(
        self,
        anchors: Any,
        where: slice | Tensor,
        cls_scores: list[Tensor],
        bbox_preds: list[Tensor],
    ) -> dict[str, Tensor]:
        """Return the predictions of one image, where they are asked for."""
        deltas = self._flatten(bbox_preds, self.bbox_coder.encode_size)[where]
        shown = {"bboxes": get_box_tensor(self.bbox_coder.decode(anchors, deltas))}
        if asks_for(self.assigner, "scores"):
            logits = self._flatten(cls_scores, self.cls_out_channels)[where]
            sigmoid = self.use_sigmoid_cls
            shown["scores"] = logits.sigmoid() if sigmoid else logits.softmax(-1)[:, :-1]
        return shown

    @contextmanager
    def _replaced(self, assigner: ShownAssigner, sampler: BaseSampler) -> Iterator[None]:
        """Put an assigner and a sampler in place for one image."""
        before = self.assigner, self.sampler
        self.assigner, self.sampler = assigner, sampler
        try:
            yield
        finally:
            self.assigner, self.sampler = before


class _AscendingPseudoSampler(PseudoSampler):
    """The same samples without sorting again what is in ascending order.

    They also have ``pos_overlaps`` (P,): what the assigner measured of its positives.
    """

    def sample(
        self,
        assign_result: AssignResult,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        *_: Any,
        **__: Any,
    ) -> SamplingResult:
        """Return all positive and all negative priors."""
        sampled = SamplingResult(
            pos_inds=(assign_result.gt_inds > 0).nonzero().squeeze(1),
            neg_inds=(assign_result.gt_inds == 0).nonzero().squeeze(1),
            priors=pred_instances.priors,
            gt_bboxes=gt_instances.bboxes,
            assign_result=assign_result,
            gt_flags=assign_result.gt_inds.new_zeros(len(assign_result.gt_inds), dtype=torch.uint8),
            avg_factor_with_neg=False,
        )
        sampled.pos_overlaps = assign_result.max_overlaps[sampled.pos_inds]
        return sampled


def _sampler(sampler: BaseSampler) -> BaseSampler:
    """Return a sampler that does the same faster, or the sampler."""
    return _AscendingPseudoSampler() if type(sampler) is PseudoSampler else sampler
