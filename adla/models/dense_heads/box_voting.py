"""Box voting: what NMS drops still says where an object ends."""

from collections.abc import Iterator

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from adla.core.overlaps import pairwise_iou

#: Kept boxes whose overlaps are held at once.
_BLOCK = 512


def vote_boxes(kept: InstanceData, candidates: InstanceData, min_iou: float) -> Tensor:
    """Return each kept box as the mean of the candidates that overlap it, weighted by score.

    A detector finds an object at several grid points or anchors, each with an error of its own; NMS
    takes the box of one, the mean has less error than most. After Gidaris and Komodakis, "Object
    detection via a multi-region and semantic segmentation-aware CNN model", 2015, section 4.

    Args:
        kept: What NMS kept: `bboxes` (K, 4), xyxy, and `labels` (K,).
        candidates: What it saw, the kept ones among them: `bboxes` (N, 4), `labels` and `scores`.
        min_iou: A candidate of the same class votes from this IoU on, in (0, 1].

    Returns:
        The boxes (K, 4). One that no candidate overlaps so much stays as it is.
    """
    voted = [kept.bboxes[:0]]
    blocks = votes_in_blocks(kept, candidates, min_iou)
    for boxes, votes in zip(kept.bboxes.split(_BLOCK), blocks, strict=True):
        total = votes.sum(1, keepdim=True)
        mean = votes @ candidates.bboxes / total
        voted.append(torch.where(total > 0, mean, boxes))
    return torch.cat(voted)


def votes_in_blocks(
    kept: InstanceData, candidates: InstanceData, min_iou: float
) -> Iterator[Tensor]:
    """Yield what N candidates give to some of the kept boxes at a time, shape (k, N).

    That is the score of a candidate of the same class with an IoU of `min_iou` or more, else 0.
    Arguments are those of :func:`vote_boxes`.
    """
    for boxes, labels in zip(kept.bboxes.split(_BLOCK), kept.labels.split(_BLOCK), strict=True):
        votes = pairwise_iou(boxes, candidates.bboxes) >= min_iou
        votes &= labels[:, None] == candidates.labels
        yield votes * candidates.scores


def check_voting_iou(value: object, where: str = "test_cfg") -> None:
    """Refuse an IoU for voting that is none.

    Args:
        value: The value of ``voting_iou``.
        where: In which part of the config it stands.

    Raises:
        ValueError: It is not a number in (0, 1].
    """
    if not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise ValueError(f"{where}.voting_iou must be a number in (0, 1], but got {value!r}")
