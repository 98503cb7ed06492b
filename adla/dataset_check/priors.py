"""The anchors or points that a config's head puts on the image."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from mmdet.models.task_modules.prior_generators import AnchorGenerator, MlvlPointGenerator
from mmdet.registry import MODELS, TASK_UTILS
from numpy import ndarray


@dataclass
class Level:
    """One feature level.

    Attributes:
        stride: Shape (2,), in x and y, pixels.
        point: Shape (2,), the grid point of cell (0, 0), pixels.
        anchors: Shape (A, 4), xyxy in pixels, the anchors of cell (0, 0); None for points alone.
    """

    stride: ndarray
    point: ndarray
    anchors: ndarray | None

    @property
    def priors_per_cell(self) -> int:
        """How many priors a cell has."""
        return 1 if self.anchors is None else len(self.anchors)

    def cells(self, extents: ndarray) -> ndarray:
        """Return how many columns and rows, (N, 2), cover images of (width, height), (N, 2)."""
        return np.ceil(extents / self.stride)


@dataclass
class Priors:
    """What a head matches with ground truths.

    Attributes:
        head: Type of the head.
        levels: Its feature levels.
        assigner: Config of its assigner; empty where it has none.
        allowed_border: How far anchors may leave the image in pixels; negative: as they like.
        ratio_thr: Factor by which the sides of object and anchor must differ less, where the head
            matches by shape (YOLOv5); 0 elsewhere.
    """

    head: str
    levels: list[Level]
    assigner: dict = field(default_factory=dict)
    allowed_border: float = -1
    ratio_thr: float = 0

    @property
    def has_anchors(self) -> bool:
        """Whether there are boxes, not only points."""
        return all(level.anchors is not None for level in self.levels)

    def count(self, extents: ndarray) -> ndarray:
        """Return the number of priors, (N,), on images of (width, height), (N, 2)."""
        return sum(
            level.cells(extents).prod(axis=1) * level.priors_per_cell for level in self.levels
        )


def point_priors(strides: Sequence[int], head: str = "points") -> Priors:
    """Return points in the middle of cells, as most anchor-free heads have them.

    Raises:
        ValueError: If a stride is not positive, or there is none.
    """
    if not strides or min(strides) <= 0:
        raise ValueError(f"strides must be positive numbers of pixels, but got {list(strides)}")
    return Priors(head, levels_of(MlvlPointGenerator(list(strides))))


def config_priors(model: dict) -> Priors | None:
    """Return the priors of a detector's dense head: the RPN where there is one.

    Args:
        model: Config of a detector.

    Returns:
        The priors, or None where mmdet's head has neither anchors nor a grid of points.

    Raises:
        ValueError: If the head or its generator cannot be built.
    """
    model = model.get("detector") or model  # semi-supervised wrappers
    name = "rpn_head" if model.get("rpn_head") else "bbox_head"
    head = model.get(name)
    if not head:
        return None
    stage = head["stages"][0] if head.get("stages") else head  # the cascade RPN has stages
    try:
        generator = _generator(stage)
    except Exception as error:  # wrong type, wrong argument: the registry wraps them all
        raise ValueError(f"model.{name} cannot be built: {error}") from error
    if not isinstance(generator, (AnchorGenerator, MlvlPointGenerator)):
        return None
    train_cfg = model.get("train_cfg") or {}
    train_cfg = train_cfg.get("rpn", train_cfg)
    if isinstance(train_cfg, (list, tuple)):
        train_cfg = train_cfg[0]
    return Priors(
        str(head["type"]),
        levels_of(generator),
        train_cfg.get("assigner") or {},
        train_cfg.get("allowed_border", -1),
        head.get("ratio_thr", 4.0) if head["type"] == "YOLOv5Head" else 0,
    )


def _generator(head: dict) -> object | None:
    """Return the prior generator of a head: as the config has it, else the built head's own."""
    for key in ("anchor_generator", "prior_generator", "approx_anchor_generator"):
        if head.get(key):
            return TASK_UTILS.build(head[key])
    return getattr(MODELS.build(copy.deepcopy(head)), "prior_generator", None)


def levels_of(generator: AnchorGenerator | MlvlPointGenerator) -> list[Level]:
    """Return the levels of a generator of mmdet."""
    levels = []
    for index, stride in enumerate(generator.strides):
        first = generator.single_level_grid_priors((1, 1), index, torch.float64, device="cpu")
        first = getattr(first, "tensor", first).numpy()
        if isinstance(generator, AnchorGenerator):
            point = (first[0, :2] + first[0, 2:]) / 2
            levels.append(Level(np.array(stride, float), point, first))
        else:
            levels.append(Level(np.array(stride, float), first[0], None))
    return levels
