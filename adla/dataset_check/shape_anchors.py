"""Anchors for YOLOv5's matching, which asks for the shape of an object and not for its place."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy import ndarray
from scipy.cluster.vq import kmeans2

from adla.core import shape_ratios

from .priors import Priors


@dataclass
class ShapeAnchors:
    """Anchors that fit, and how well.

    Attributes:
        anchors: Widths and heights in pixels of the anchors of each level, the smallest first.
        ratio_thr: Factor by which the sides of an object and its anchor must differ less.
        misfits: Objects without such an anchor.
        misfits_now: The same for the anchors of the config.
    """

    anchors: list[list[list[float]]]
    ratio_thr: float
    misfits: int
    misfits_now: int

    def config(self) -> str:
        """Return the argument of ``YOLOv5Head``."""
        return f"anchors={self.anchors}"

    def sentence(self) -> str:
        """Return what fits, and what the share of misfits is a share of."""
        return (
            f"that fit: {self.config()}; further than a factor of {self.ratio_thr:g} from the best "
            "one"
        )


def misfits_by_shape(boxes: ndarray, priors: Priors) -> int:
    """Count the boxes (M, 4), xyxy in pixels, that no anchor fits by ``priors.ratio_thr``."""
    anchors = [level.anchors for level in priors.levels if level.anchors is not None]
    sizes = np.concatenate([one[:, 2:] - one[:, :2] for one in anchors])
    return _misfits(boxes[:, 2:] - boxes[:, :2], sizes, priors.ratio_thr)


def propose_shape_anchors(boxes: ndarray, priors: Priors) -> ShapeAnchors | None:
    """Propose as many anchors as the config has, by k-means on the logarithms of the sides.

    The logarithm is what the matching measures in. The training does not change anchors by itself:
    what is printed here goes into the config, or not.

    Args:
        boxes: Shape (M, 4), xyxy in network pixels.
        priors: What the config has, with anchors and a ``ratio_thr``.

    Returns:
        The proposal, None where there are fewer shapes than anchors.
    """
    per_level = [level.priors_per_cell for level in priors.levels]
    sizes = boxes[:, 2:] - boxes[:, :2]
    sizes = sizes[(sizes > 0).all(axis=1)]
    shapes = np.unique(np.log(sizes), axis=0)
    if len(shapes) < sum(per_level):
        return None
    shapes = shapes[np.argsort(shapes.sum(axis=1), kind="stable")]
    starts = shapes[np.linspace(0, len(shapes) - 1, sum(per_level)).astype(int)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a center that no object is nearest to stays where it is
        centers, _ = kmeans2(np.log(sizes), starts, minit="matrix")
    found = np.exp(centers[np.argsort(centers.sum(axis=1), kind="stable")]).round(1)
    levels = np.split(found, np.cumsum(per_level)[:-1])
    return ShapeAnchors(
        [level.tolist() for level in levels],
        priors.ratio_thr,
        _misfits(boxes[:, 2:] - boxes[:, :2], found, priors.ratio_thr),
        misfits_by_shape(boxes, priors),
    )


def _misfits(sizes: ndarray, anchors: ndarray, ratio_thr: float) -> int:
    ratios = shape_ratios(torch.from_numpy(sizes), torch.from_numpy(anchors))
    return int((~(ratios < ratio_thr)).all(dim=1).sum())
