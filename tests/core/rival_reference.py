"""Slow references of the rivals' measures and rules in float64, from their equations alone.

Gaussians are handled as such: covariance matrices, their roots, inverses and determinants.
"""

import math

import numpy as np

Box = tuple[float, float, float, float]


def gaussian(box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance: the box circumscribes the ellipse of one standard deviation."""
    x1, y1, x2, y2 = box
    mean = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    return mean, np.diag([((x2 - x1) / 2) ** 2, ((y2 - y1) / 2) ** 2])


def matrix_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.sqrt(values.clip(0))) @ vectors.T


def squared_wasserstein(a: Box, b: Box) -> float:
    (mean_a, cov_a), (mean_b, cov_b) = gaussian(a), gaussian(b)
    half = matrix_root(cov_a)
    cross = matrix_root(half @ cov_b @ half)
    return float(np.sum((mean_a - mean_b) ** 2) + np.trace(cov_a + cov_b - 2 * cross))


def nwd(a: Box, b: Box, constant: float) -> float:
    return math.exp(-math.sqrt(max(squared_wasserstein(a, b), 0)) / constant)


def divergence(field: Box, gt: Box) -> float:
    """KL(field || gt) of two bivariate normal distributions."""
    (mean_f, cov_f), (mean_g, cov_g) = gaussian(field), gaussian(gt)
    inverse, offset = np.linalg.inv(cov_g), mean_g - mean_f
    log_ratio = math.log(np.linalg.det(cov_g) / np.linalg.det(cov_f))
    return float(np.trace(inverse @ cov_f) + offset @ inverse @ offset - 2 + log_ratio) / 2


def rfd(gt: Box, field: Box, kind: str) -> float:
    distance = divergence(field, gt) if kind == "kld" else squared_wasserstein(field, gt)
    return 1 / (1 + distance)


def simd(a: Box, b: Box, m: float, n: float) -> float:
    wa, ha, wb, hb = a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1]
    dx = (a[0] + a[2]) / 2 - (b[0] + b[2]) / 2
    dy = (a[1] + a[3]) / 2 - (b[1] + b[3]) / 2
    x, y = (wa + wb) / m, (ha + hb) / n
    location = math.sqrt((dx / x) ** 2 + (dy / y) ** 2)
    shape = math.sqrt(((wa - wb) / x) ** 2 + ((ha - hb) / y) ** 2)
    return math.exp(-(location + shape))


def similarity_scales(images: list[tuple[list[Box], list[Box]]]) -> tuple[float, float]:
    """m and n from the ground truths and the anchors of each image, pair by pair."""
    m = n = pairs = 0
    for gts, anchors in images:
        for g in gts:
            for a in anchors:
                m += abs((g[0] + g[2] - a[0] - a[2]) / 2) / (g[2] - g[0] + a[2] - a[0])
                n += abs((g[1] + g[3] - a[1] - a[3]) / 2) / (g[3] - g[1] + a[3] - a[1])
                pairs += 1
    return m / pairs, n / pairs


def ranked(table: list[list[float]], k: int) -> list[int]:
    """gt_inds (0: none) from the measure of ground truths (rows) with priors (columns)."""
    width = len(table[0]) if table else 0
    offers: dict[int, list[tuple[float, int]]] = {}
    for gt, row in enumerate(table):
        best = sorted(range(width), key=lambda prior, row=row: (-row[prior], prior))[:k]
        for prior in best:
            if row[prior] > 0:
                offers.setdefault(prior, []).append((-row[prior], gt))
    return [min(offers[prior])[1] + 1 if prior in offers else 0 for prior in range(width)]


def hierarchical(
    first: list[list[float]], second: list[list[float]], k1: int, k2: int
) -> list[int]:
    """r1 where stage one assigned, else r2: ``r1 m + r2 (1 - m)``."""
    return [a or b for a, b in zip(ranked(first, k1), ranked(second, k2), strict=True)]
