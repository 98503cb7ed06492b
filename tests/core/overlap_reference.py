"""Slow references of the overlap measures, in plain Python floats, from their equations alone."""

import math

Box = tuple[float, float, float, float]


def sides(b: Box) -> tuple[float, float]:
    return max(b[2] - b[0], 0.0), max(b[3] - b[1], 0.0)


def iou(a: Box, b: Box) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    inter = w * h if w > 0 and h > 0 else 0.0
    union = math.prod(sides(a)) + math.prod(sides(b)) - inter
    return inter / union if union > 0 else 0.0


def rho(a: Box, b: Box) -> float:
    return math.hypot((a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2)


def diou(a: Box, b: Box) -> float:
    c = math.hypot(max(a[2], b[2]) - min(a[0], b[0]), max(a[3], b[3]) - min(a[1], b[1]))
    return iou(a, b) - (rho(a, b) ** 2 / c**2 if c > 0 else 0.0)


def shape_term(a: Box, b: Box) -> float:
    """alpha v of Eq. 3 and 4."""

    def angle(box: Box) -> float:
        w, h = sides(box)
        return math.atan(w / h) if h > 0 else (math.pi / 2 if w > 0 else 0.0)

    v = 4 / math.pi**2 * (angle(a) - angle(b)) ** 2
    return v * (v / (1 - iou(a, b) + v)) if v > 0 else 0.0


def ciou(a: Box, b: Box) -> float:
    return diou(a, b) - shape_term(a, b)


def dotd(a: Box, b: Box, scale: float) -> float:
    return math.exp(-rho(a, b) / scale)
