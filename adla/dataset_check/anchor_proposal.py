"""Anchors that fit the objects of a data set, as a config wants them."""

from dataclasses import dataclass

import numpy as np
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from numpy import ndarray

from .matching import best_anchor_iou
from .priors import Priors, levels_of

#: Overlap with its best anchor from which an object fits.
GOOD_IOU = 0.5
_SCALES_PER_OCTAVE, _RATIOS = 3, (0.5, 1.0, 2.0)
_STRIDES = (4, 8, 16, 32, 64, 128)
_BASE_SCALES = tuple(quarter / 4 for quarter in range(4, 17))
# So many objects, drawn at random, are enough to choose by.
_SAMPLE = 4000
# Anchors that leave this share of the objects more without a fit are as good, if they are fewer.
_AS_GOOD = 0.01


@dataclass
class AnchorProposal:
    """Anchors that fit, and how well.

    Attributes:
        octave_base_scale: The side of a level's smallest anchor in strides, in quarters.
        strides: Strides of the levels in pixels, powers of 2.
        smallest: Side of the smallest square anchor in pixels.
        largest: Side of the largest one.
        misfits: Objects whose IoU with the best of these anchors is below 0.5.
        misfits_now: The same for the anchors of the config; None where it has none.
    """

    octave_base_scale: float
    strides: list[int]
    smallest: float
    largest: float
    misfits: int
    misfits_now: int | None

    def config(self) -> str:
        """Return the arguments of mmdet's ``AnchorGenerator``."""
        return (
            f"octave_base_scale={self.octave_base_scale:g}, scales_per_octave="
            f"{_SCALES_PER_OCTAVE}, ratios={list(_RATIOS)}, strides={self.strides}"
        )

    def sentence(self) -> str:
        """Return what fits, and what the share of misfits is a share of."""
        return (
            f"of {self.smallest:g} to {self.largest:.0f} px fit: AnchorGenerator({self.config()}); "
            f"below IoU {GOOD_IOU:g} with the best one"
        )


def propose_anchors(
    boxes: ndarray, canvases: ndarray, priors: Priors | None
) -> AnchorProposal | None:
    """Propose nine anchors a place, as RetinaNet has them, that fit most objects.

    Tried are levels from every stride on, from 4 px, with anchors from 1 to 4 strides. Of those
    that fit as many objects as the best, to 1 %, the ones with the coarsest first level are taken,
    which have the fewest anchors, then those with the fewest levels.

    Args:
        boxes: Shape (M, 4), xyxy in network pixels.
        canvases: Shape (M, 2), width and height in network pixels of the image of each object.
        priors: What the config has.

    Returns:
        The proposal, None without objects.
    """
    if not len(boxes):
        return None
    chosen = np.random.default_rng(0).permutation(len(boxes))[:_SAMPLE]
    scale, strides = _choose(boxes[chosen], canvases[chosen])
    now = priors if priors is not None and priors.has_anchors else None
    return AnchorProposal(
        scale,
        strides,
        scale * strides[0],
        scale * strides[-1] * 2 ** ((_SCALES_PER_OCTAVE - 1) / _SCALES_PER_OCTAVE),
        _misfits(best_anchor_iou(boxes, canvases, _priors(scale, strides))),
        None if now is None else _misfits(best_anchor_iou(boxes, canvases, now)),
    )


def _choose(boxes: ndarray, canvases: ndarray) -> tuple[float, list[int]]:
    """Return scale and strides of the fewest anchors that fit as well as the best."""
    candidates = []
    for scale in _BASE_SCALES:
        fits = {s: best_anchor_iou(boxes, canvases, _priors(scale, [s])) for s in _STRIDES}
        for first in range(len(_STRIDES)):
            best = np.zeros(len(boxes))
            for last in range(first, len(_STRIDES)):
                best = np.maximum(best, fits[_STRIDES[last]])
                candidates.append((_misfits(best), first, last, scale))
    fewest = min(candidates)[0]
    as_good = [one for one in candidates if one[0] <= fewest + _AS_GOOD * len(boxes)]
    _, first, last, scale = min(as_good, key=lambda one: (-one[1], one[2] - one[1], one[0]))
    return scale, list(_STRIDES[first : last + 1])


def _priors(scale: float, strides: list[int]) -> Priors:
    generator = AnchorGenerator(
        octave_base_scale=scale,
        scales_per_octave=_SCALES_PER_OCTAVE,
        ratios=list(_RATIOS),
        strides=strides,
    )
    return Priors("", levels_of(generator))


def _misfits(best_iou: ndarray) -> int:
    return int((best_iou < GOOD_IOU).sum())
