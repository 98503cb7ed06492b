"""Random assignments of every kind, in float32, with the boxes that break grids."""

import math
import random

import torch

from adla.core import AssignmentRule

NAN, INF = math.nan, math.inf

#: Not boxes, boxes far outside, boxes as large as numbers get, needles.
ODD = [
    (NAN, NAN, NAN, NAN),
    (1, NAN, 5, 9),
    (0, 0, INF, 2),
    (-INF, 0, 5, 5),
    (9, 9, 2, 2),
    (5, 5, 5, 9),
    (-1e6, -1e6, 1e6, 1e6),
    (1e7, 1e7, 1e7 + 9, 1e7 + 9),
    (-10, -10, 900, 900),
    (3e38, 0, 3.2e38, 1),
    (-3e38, -3, 3e38, -2.5),
    (-1e19, -1e19, 1e19, 1e19),
    (0, 3, 900, 3.001),
    (7, 7, 7 + 1e-6, 7 + 1e-6),
]


class BoxMaker:
    """Draws boxes of one scene.

    Args:
        rng: Where all chance comes from.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.generator = torch.Generator().manual_seed(rng.randrange(2**31))
        self.extent = rng.choice([10, 60, 200, 800])

    def boxes(self, count: int, tiny: bool = False) -> torch.Tensor:
        side = 12 if tiny else self.rng.choice([3, 12, 60, self.extent])
        corner = torch.rand(count, 2, generator=self.generator) * self.extent
        corner -= self.rng.choice([0, self.extent / 4])
        size = torch.rand(count, 2, generator=self.generator) * side
        boxes = torch.cat([corner, corner + size], dim=1)
        if self.rng.random() < 0.5:
            boxes = boxes.round()
        for _ in range(self.rng.choice([0, 0, 1, 3]) if count else 0):
            boxes[self.rng.randrange(count)] = torch.tensor(self.rng.choice(ODD))
        return boxes

    def some_of(self, boxes: torch.Tensor, count: int) -> torch.Tensor:
        return boxes[torch.randint(0, len(boxes), (count,), generator=self.generator)]

    def moved(self, boxes: torch.Tensor, by: float) -> torch.Tensor:
        return boxes + torch.randn(boxes.shape, generator=self.generator) * by


def random_rule(rng: random.Random) -> AssignmentRule:
    t_pos_min = rng.choice([0.1, 0.1, 0.0, 0.3, 0.0407])
    neg_iou_thr = rng.choice([0.0, 0.3, 0.5])
    return AssignmentRule(
        metric=rng.choice(["dynamic_iou"] * 3 + ["matching_degree", "anchor_iou"]),
        alpha=rng.choice([1.0, 0.6, 0.6, 0.2, 0.0, rng.random()]),
        gamma=rng.choice([1.5, 1.5, 2.0, 3.0, 0.5, 1.7, 5.0, 0.01 + 4 * rng.random()]),
        beta=rng.choice([None, None, 0.0, 0.4, 2.0]),
        p_tp=rng.choice([2 / 3, 3 / 4, 4 / 5, 5 / 6]),
        p_tn=rng.choice([2 / 3, 3 / 4, 4 / 5]),
        t_pos_min=t_pos_min,
        t_neg_min=t_pos_min * rng.choice([0.5, 0.5, 0, 1]),
        adaptive_threshold=rng.random() < 0.8,
        neg_iou_thr=neg_iou_thr,
        pos_iou_thr=max(neg_iou_thr, rng.choice([0.0, 0.5])),
        force_match=rng.random() < 0.3,
        max_positives=rng.choice([None, None, 1, 5, "anchor_iou"]),
    )


def random_assignment(rng: random.Random) -> dict:
    """Return arguments of ``assign_adaptive``."""
    make = BoxMaker(rng)
    priors = make.boxes(rng.choice([0, 1, 5, 40, 200]))
    gts = make.boxes(rng.choice([0, 1, 3, 10, 40]), tiny=True)
    if len(priors) and len(gts) and rng.random() < 0.5:  # priors that fit
        priors[:5] = make.some_of(gts, len(priors[:5]))
    if len(gts) and rng.random() < 0.3:  # exact ties
        gts[rng.randrange(len(gts))] = gts[0]
    kind = rng.randrange(5)
    preds = None if kind == 0 else make.boxes(len(priors)) if kind == 1 else priors
    if kind > 2:
        preds = make.moved(priors, rng.choice([0.5, 3, 100]))
    if kind and len(gts) and rng.random() < 0.4:
        preds = preds.clone()
        preds[::3] = make.some_of(gts, len(preds[::3]))
    return {
        "priors": priors,
        "gt_boxes": gts,
        "rule": random_rule(rng),
        "pred_boxes": preds,
        "ignore_boxes": make.boxes(rng.choice([0, 1, 5])) if rng.random() < 0.4 else None,
        "ignore_iof_thr": rng.choice([-1, 0.3, 0.5, 0.01]),
    }
