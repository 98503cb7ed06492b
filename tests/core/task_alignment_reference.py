"""A slow task-aligned assignment of one image, pair by pair, written from its definition alone.

TOOD (arXiv 2108.07755, section 3.2) as YOLOv8 has it: the metric t = s^alpha u^beta with CIoU for
u, the top k points in the center gate of each ground truth, the larger overlap where two want one
point (with ``contested="all"`` the largest of all that it lies in), and target scores of t, scaled
to the largest overlap, with ``eps``. ``metrics``, ``topk_per_level`` and ``force_match`` add what
MSLA does on top.
"""

import math
from dataclasses import dataclass

import numpy as np

from . import overlap_reference as overlaps


def rounded(value: float) -> float:
    """Values are ranked in single precision."""
    return float(np.float32(value))


@dataclass
class TaskAlignmentReference:
    metrics: list[str]
    scale: float = 7.0
    topk: int = 10
    topk_per_level: bool = False
    alpha: float = 0.5
    beta: float = 6.0
    gate_stride: float | list[float] = 2.0
    soft_target: str = "ciou"
    force_match: bool = False
    contested: str = "choosers"
    eps: float = 0.0
    widen_small_sides: str | None = None
    strides = (4, 8)  # of the first two levels

    def overlap(self, kind: str, a, b) -> float:
        if any(math.isnan(v) for v in a):
            return 0.0
        if kind == "dotd":
            value = overlaps.dotd(a, b, self.scale)
        else:
            value = getattr(overlaps, kind)(a, b)
        return value if value >= 1e-9 else 0.0

    def inside(self, point, stride: float, level: int, gt) -> bool:
        low, high = list(gt[:2]), list(gt[2:])
        for axis in (0, 1):
            limits = {None: 0, "below_first": self.strides[0], "below_second": self.strides[1]}
            if high[axis] - low[axis] < limits[self.widen_small_sides]:
                center = (low[axis] + high[axis]) / 2
                low[axis] = center - self.strides[1] / 2
                high[axis] = center + self.strides[1] / 2
        if isinstance(self.gate_stride, float):
            gate = self.gate_stride if self.metrics[level] == "dotd" else 0
        else:
            gate = self.gate_stride[level]
        if gate:
            for axis in (0, 1):
                center = (gt[axis] + gt[axis + 2]) / 2
                low[axis] = min(low[axis], center - gate * stride / 2)
                high[axis] = max(high[axis], center + gate * stride / 2)
        return all(low[axis] < point[axis] < high[axis] for axis in (0, 1))

    def assign(self, scores, boxes, priors, levels, gts, labels):
        """Return for each prior the index of its ground truth or None, and its target score."""

        def pair(g, p):
            overlap = self.overlap(self.metrics[levels[p]], boxes[p], gts[g])
            score = 0.0 if math.isnan(scores[p][labels[g]]) else scores[p][labels[g]]
            return overlap, score**self.alpha * overlap**self.beta

        wanted_by: dict[int, list[int]] = {}
        for g, gt in enumerate(gts):
            pools: dict[int, list[int]] = {}
            for p, (x, y, stride, _) in enumerate(priors):
                gated = self.inside((x, y), stride, levels[p], gt)
                if gated and pair(g, p)[1] > 0:
                    pools.setdefault(levels[p] if self.topk_per_level else 0, []).append(p)
            for pool in pools.values():
                pool.sort(key=lambda p: (-rounded(pair(g, p)[1]), p))
                for p in pool[: self.topk]:
                    wanted_by.setdefault(p, []).append(g)
        if self.contested == "all":
            for p, wanting in wanted_by.items():
                if len(wanting) > 1:
                    x, y, stride, _ = priors[p]
                    inside = [self.inside((x, y), stride, levels[p], gt) for gt in gts]
                    wanting[:] = [g for g in range(len(gts)) if inside[g]]
        owner = {
            p: max(wanting, key=lambda g: (rounded(pair(g, p)[0]), -g))
            for p, wanting in wanted_by.items()
        }
        if self.force_match:
            self.force(owner, pair, priors, gts)
        return self.targets(owner, pair, boxes, levels, gts)

    def force(self, owner, pair, priors, gts) -> None:
        kept = set()
        for g in set(owner.values()):
            mine = [p for p in owner if owner[p] == g]
            kept.add(max(mine, key=lambda p: (rounded(pair(g, p)[1]), -p)))
        wanting = [g for g in range(len(gts)) if g not in owner.values()]

        def distance(g, p):
            center = [(gts[g][i] + gts[g][i + 2]) / 2 for i in (0, 1)]
            return sum((c - v) ** 2 for c, v in zip(center, priors[p][:2], strict=True))

        while wanting:
            wishes: dict[int, list[int]] = {}
            for g in wanting:
                free = [p for p in range(len(priors)) if p not in kept]
                if not free:
                    return
                wishes.setdefault(min(free, key=lambda p: (distance(g, p), p)), []).append(g)
            for p, rivals in wishes.items():
                winner = min(rivals, key=lambda g: (distance(g, p), g))
                owner[p] = winner
                kept.add(p)
                wanting.remove(winner)

    def targets(self, owner, pair, boxes, levels, gts):
        groups: dict[tuple, list[int]] = {}
        for p, g in owner.items():
            groups.setdefault((g, levels[p] if self.topk_per_level else 0), []).append(p)
        score = [0.0] * len(boxes)
        for (g, _), mine in groups.items():
            soft = {p: self.overlap(self.soft_target, boxes[p], gts[g]) for p in mine}
            top = max(pair(g, p)[1] for p in mine)
            for p in mine:
                if top + self.eps > 0:
                    score[p] = pair(g, p)[1] / (top + self.eps) * max(soft.values())
                else:
                    score[p] = soft[p]
        return [owner.get(p) for p in range(len(boxes))], score
