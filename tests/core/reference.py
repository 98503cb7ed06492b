"""A slow reference of the assignment, in plain Python floats, written from the definition alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

Box = tuple[float, float, float, float]


def is_box(b: Box) -> bool:
    return all(math.isfinite(v) for v in b) and b[2] > b[0] and b[3] > b[1]


def area(b: Box) -> float:
    return (b[2] - b[0]) * (b[3] - b[1]) if is_box(b) else 0.0


def intersection(a: Box, b: Box) -> float:
    if not (is_box(a) and is_box(b)):
        return 0.0
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    return w * h if w > 0 and h > 0 else 0.0


def iou(a: Box, b: Box) -> float:
    inter = intersection(a, b)
    return inter / (area(a) + area(b) - inter) if inter > 0 else 0.0


def iof(a: Box, b: Box) -> float:
    inter = intersection(a, b)
    return inter / area(a) if inter > 0 else 0.0


@dataclass
class Reference:
    """The method with its parameters; ``assign`` follows the text, prior by prior."""

    metric: str = "dynamic_iou"
    alpha: float = 1.0
    gamma: float = 1.5
    beta: float | None = None
    p_tp: float = 0.75
    p_tn: float = 0.8
    t_pos_min: float = 0.1
    t_neg_min: float = 0.05
    adaptive_threshold: bool = True
    pos_iou_thr: float = 0.5
    neg_iou_thr: float = 0.4
    ignore_iof_thr: float = -1
    force_match: bool = False
    max_positives: int | str | None = None
    overlap: Callable[[Box, Box], float] | None = None  # of ground truth and box; None: IoU
    margins: list[float] = field(default_factory=list)

    def measure(self, a: float, r: float) -> float:
        if self.metric == "anchor_iou":
            return a
        beta = {"matching_degree": 1.0}.get(self.metric, self.beta)
        if beta is None:
            beta = 1 - self.alpha
        value = self.alpha * a + (1 - self.alpha) * r - beta * abs(a - r) ** self.gamma
        return min(max(value, 0.0), 1.0)

    def thresholds(self, gt: Box, iou_max: float) -> tuple[float, float]:
        if not self.adaptive_threshold:
            return self.pos_iou_thr, self.neg_iou_thr
        w, h = (gt[2] - gt[0], gt[3] - gt[1]) if is_box(gt) else (0.0, 0.0)
        shape = (4 + (min(w, h) / max(w, h) if max(w, h) > 0 else 0.0)) / 5
        t_rp = iou_max * (self.p_tp - (1 - self.p_tp) * iou_max**2) * shape
        t_rn = t_rp * (self.p_tn - (1 - self.p_tn) * (iou_max - 1) ** 2)
        return max(t_rp, self.t_pos_min), max(t_rn, self.t_neg_min)

    def assign(
        self,
        priors: list[Box],
        gts: list[Box],
        preds: list[Box] | None = None,
        regions: list[Box] = (),
    ) -> tuple[list[int], list[float]]:
        blocked = [
            self.ignore_iof_thr > 0 and any(iof(p, z) > self.ignore_iof_thr for z in regions)
            for p in priors
        ]
        metric: list[list[float]] = []
        limits: list[tuple[float, float]] = []
        overlap = self.overlap or iou
        for gt in gts:
            a = [0.0 if b else overlap(gt, p) for p, b in zip(priors, blocked, strict=True)]
            limits.append(self.thresholds(gt, max(a, default=0.0)))
            if preds is None:
                metric.append(a)
            else:
                r = [0.0 if b else overlap(gt, q) for q, b in zip(preds, blocked, strict=True)]
                metric.append([self.measure(x, y) for x, y in zip(a, r, strict=True)])
        inds, overlaps = [], []
        for n in range(len(priors)):
            column = [row[n] for row in metric]
            self.margins += [abs(d - t) for d, ts in zip(column, limits, strict=True) for t in ts]
            passing = [g for g, d in enumerate(column) if d > limits[g][0]]
            if blocked[n]:
                inds.append(-1)
                overlaps.append(-1.0)
            elif passing:
                winner = max(passing, key=lambda g: (column[g], -g))
                inds.append(winner + 1)
                overlaps.append(column[winner])
            else:
                negative = all(d < t_neg for d, (_, t_neg) in zip(column, limits, strict=True))
                inds.append(0 if negative else -1)
                known = [
                    d
                    for d, (_, t_neg) in zip(column, limits, strict=True)
                    if self.overlap is None or d >= t_neg
                ]
                overlaps.append(max(known, default=0.0))
        bounds = [self.max_positives] * len(gts)
        if self.max_positives == "anchor_iou":  # the rule without a word about predictions
            by_anchors = replace(self, metric="anchor_iou", max_positives=None, force_match=False)
            alone, _ = by_anchors.assign(priors, gts, None, regions)
            bounds = [max(alone.count(g + 1), 1) for g in range(len(gts))]
        for g, bound in enumerate(bounds):
            mine = [n for n, i in enumerate(inds) if i == g + 1]
            mine.sort(key=lambda n: (-overlaps[n], n))
            for n in mine[bound:] if bound is not None else []:
                inds[n] = -1
        if self.force_match:
            self._force(metric, blocked, inds, overlaps)
        return inds, overlaps

    @staticmethod
    def _force(metric, blocked, inds, overlaps) -> None:
        """Ground truths without positive propose to their best free prior, best offer first."""
        while True:
            wishes: dict[int, list[tuple[float, int]]] = {}
            for g, row in enumerate(metric):
                free = [
                    n for n in range(len(row)) if not blocked[n] and inds[n] <= 0 and row[n] > 0
                ]
                if g + 1 in inds or not free:
                    continue
                best = max(free, key=lambda n: (row[n], -n))
                wishes.setdefault(best, []).append((row[best], -g))
            if not wishes:
                return
            for n, offers in wishes.items():
                value, minus_g = max(offers)
                inds[n], overlaps[n] = -minus_g + 1, value
