"""RetinaNet's head with the losses of Dynamic Anchor Learning."""

from typing import Any

from mmdet.registry import MODELS

from adla.core import matching_weights

from .adla_heads import AdlaRetinaHead


@MODELS.register_module()
class DALRetinaHead(AdlaRetinaHead):
    """RetinaNet's head that weighs its positives by how well they match (DAL, arXiv 2012.04150).

    With w of :func:`adla.core.matching_weights`, the box loss of a positive is multiplied by w and
    its class loss by ``1 + w``; negatives count once. The matching degree is what the assigner
    returns as ``max_overlaps``, so that it goes with ``AdaptiveDynamicAssigner`` and its
    ``metric="matching_degree"``, but takes any other. mmdet has one weight an anchor: the other
    classes of a positive are multiplied by ``1 + w``, too, where DAL leaves them at 1.
    """

    def _get_targets_single(self, *args: Any, **kwargs: Any) -> tuple:
        """Compute the targets of one image, with the weights of its positives.

        Raises:
            ValueError: If the sampler is not mmdet's ``PseudoSampler``.
        """
        targets = super()._get_targets_single(*args, **kwargs)
        labels, label_weights, _, bbox_weights, *_, sampled = targets
        if not hasattr(sampled, "pos_overlaps"):
            raise ValueError(
                "DALRetinaHead weighs all positives: it needs train_cfg.sampler=dict(type="
                f"'PseudoSampler'), but the config has a {type(self.sampler).__name__}"
            )
        weights = matching_weights(
            sampled.pos_overlaps, sampled.pos_assigned_gt_inds, sampled.num_gts
        )
        # Positives are in rising order before and after they are mapped back to all anchors.
        positive = ((labels >= 0) & (labels < self.num_classes)).nonzero().squeeze(1)
        label_weights[positive] *= 1 + weights.to(label_weights)
        bbox_weights[positive] *= weights.to(bbox_weights)[:, None]
        return targets
