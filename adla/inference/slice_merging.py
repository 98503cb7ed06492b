"""Join what overlapping slices found, so that an object at a seam counts once.

A slice knows which of its detections it may have cut, and where two slices overlap both have seen
the same ground. Plain NMS over the scene knows neither: it deletes neighbors that one slice has
told apart, and it lets half an object win over the whole.

1. A detection that reaches an inner border of its slice is *cut*. If another slice sees its place
   whole, that slice's word counts, and the cut detection is dropped.
2. Detections of two slices are the same object if they overlap and are of like size; where one of
   them is cut, if they do so in the ground that both slices see. Of two classes, their IoU counts
   whatever the metric: a person on a van lies in its box, and is another object. Pairs are joined
   from the largest overlap on; no slice gives two detections to one object, and no chain of pairs
   joins two of unlike size.
3. Of those that are joined, the one farthest from its slice's borders stays. If all are cut, the
   object is larger than the overlap, and their union with the highest score stays.

Where the overlap is at least twice the largest object (and twice `margin`), any two objects that
overlap lie together in some slice. So an object that is found by every slice that sees it whole
appears exactly once, however close others are.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy import ndarray

from adla.evaluation.box_arrays import Detections, box_overlaps

from .same_object import SIZE_RATIO, PairRule
from .slicing import SliceGrid

METRICS = ("ios", "iou")
#: A box that ends within so many pixels of an inner border of its slice counts as cut there.
MARGIN = 2.0


def merge_slices(
    found: Detections,
    slice_ids: ndarray,
    grid: SliceGrid,
    threshold: float = 0.5,
    metric: str = "ios",
    margin: float = MARGIN,
    size_ratio: float = SIZE_RATIO,
    by_class: bool = False,
) -> Detections:
    """Join the detections of all slices of a scene.

    Args:
        found: What the slices found, in the order of the slices.
        slice_ids: Slice of each detection, shape (N,), ascending indices into `grid.boxes`.
        grid: The slices.
        threshold: Overlap, in (0, 1], from which two detections of two slices are one object.
        metric: Overlap as intersection over the smaller box ('ios') or over the union ('iou').
        margin: See `MARGIN`, in pixels.
        size_ratio: How much two boxes of one object can differ, see :func:`.same_object.alike`.
        by_class: Whether detections of two classes are never one object.

    Returns:
        The joined detections, by descending score.
    """
    gaps = _gaps_to_borders(found.corners, grid.boxes[slice_ids], grid)
    cut = gaps.min(axis=1) <= margin
    keep = ~cut
    keep[cut] = ~_seen_whole(found.corners[cut], grid, margin)
    found, slice_ids, cut = found.select(keep), slice_ids[keep], cut[keep]
    depth = np.where(cut, -1, gaps[keep].min(axis=1))
    rule = PairRule(threshold, metric, size_ratio, by_class)
    pairs = _find_pairs(found, slice_ids, cut, grid, rule)
    corners = found.corners
    groups = _join(pairs, slice_ids, lambda group: rule.fits(corners[group], cut[group]))
    merged = _represent(found, cut, depth, groups)
    x, y, *_ = merged.boxes.T
    return merged.select(np.lexsort((x, y, -merged.scores)))


def _gaps_to_borders(boxes: ndarray, slices: ndarray, grid: SliceGrid) -> ndarray:
    """Return how far boxes (N, 4) end before the borders of their slices (N, 4), in pixels.

    Infinite where the border is one of the scene.
    """
    gaps = np.concatenate([boxes[:, :2] - slices[:, :2], slices[:, 2:] - boxes[:, 2:]], axis=1)
    outer = slices == np.array([0, 0, grid.width, grid.height])
    return np.where(outer, np.inf, gaps)


def _seen_whole(boxes: ndarray, grid: SliceGrid, margin: float) -> ndarray:
    """Say which boxes (N, 4) some slice sees whole, farther than `margin` from inner borders."""
    whole = np.ones(len(boxes), bool)
    for axis, (intervals, length) in enumerate(
        ((grid.columns, grid.width), (grid.rows, grid.height))
    ):
        lower, upper = intervals.T
        lower = np.where(lower == 0, -np.inf, lower + margin)
        upper = np.where(upper == length, np.inf, upper - margin)
        first, last = boxes[:, axis, None], boxes[:, axis + 2, None]
        whole &= ((first > lower) & (last < upper)).any(axis=1)
    return whole


def _find_pairs(
    found: Detections,
    slice_ids: ndarray,
    cut: ndarray,
    grid: SliceGrid,
    rule: PairRule,
) -> ndarray:
    """Find pairs of detections of two slices that may be one object.

    Returns:
        Indices (P, 2), the best pairs first: of one label before of two, then by IoU.
    """
    slices, corners = grid.boxes, found.corners
    starts = np.searchsorted(slice_ids, np.arange(len(slices) + 1))
    pairs: list[ndarray] = [np.zeros((0, 2), np.int64)]
    ious: list[ndarray] = [np.zeros(0)]
    for one, other in _overlapping_slices(grid):
        (x0, y0), (x1, y1) = slices[[one, other], :2].max(0), slices[[one, other], 2:].min(0)
        index = []
        for own in (np.arange(starts[k], starts[k + 1]) for k in (one, other)):
            left, top, right, bottom = corners[own].T
            index.append(own[(left < x1) & (right > x0) & (top < y1) & (bottom > y0)])
        if not all(map(len, index)):
            continue
        boxes = [corners[own] for own in index]
        seen = [each.clip((x0, y0, x0, y0), (x1, y1, x1, y1)) for each in boxes]
        whole = ~(cut[index[0]][:, None] | cut[index[1]][None])[..., None]
        first = np.where(whole, boxes[0][:, None], seen[0][:, None])
        second = np.where(whole, boxes[1][None], seen[1][None])
        iou = box_overlaps(first, second)
        differ = found.labels[index[0]][:, None] != found.labels[index[1]][None]
        i, j = np.nonzero(rule.same(first, second, iou, differ))
        pairs.append(np.stack([index[0][i], index[1][j]], axis=1))
        ious.append(iou[i, j])
    table, iou = np.concatenate(pairs), np.concatenate(ious)
    differ = found.labels[table[:, 0]] != found.labels[table[:, 1]]
    return table[np.lexsort((table[:, 1], table[:, 0], -iou, differ))]


def _overlapping_slices(grid: SliceGrid) -> Iterator[tuple[int, int]]:
    """Yield the index pairs, the smaller one first, of slices that share ground."""
    shared_rows, shared_columns = (
        [(i, j) for i, (_, end) in enumerate(spans) for j, (start, _) in enumerate(spans)
         if j >= i and start < end]
        for spans in (grid.rows, grid.columns)
    )  # fmt: skip
    count = len(grid.columns)
    for r0, r1 in shared_rows:
        for c0, c1 in shared_columns:
            if r0 != r1 or c0 != c1:
                yield r0 * count + c0, r1 * count + c1
            if r0 != r1 and c0 != c1:
                yield r0 * count + c1, r1 * count + c0


def _join(pairs: ndarray, slice_ids: ndarray, fits: Callable[[list[int]], bool]) -> list[list[int]]:
    """Join detections pair by pair into groups with at most one detection per slice.

    Args:
        pairs: Indices (P, 2), the best pairs first.
        slice_ids: Slice of each detection.
        fits: Whether detections are of like size, so that they can be one object.

    Returns:
        The groups of two and more, as lists of indices.
    """
    groups: dict[int, list[int]] = {}
    for one, other in pairs.tolist():
        first, second = groups.get(one, [one]), groups.get(other, [other])
        if first is second or {*slice_ids[first]} & {*slice_ids[second]}:
            continue
        both = first + second
        if not fits(both):
            continue
        groups |= dict.fromkeys(both, both)
    return list({id(group): group for group in groups.values()}.values())


def _represent(
    found: Detections, cut: ndarray, depth: ndarray, groups: list[list[int]]
) -> Detections:
    """Return one detection per group and all that are in none.

    Args:
        found: The detections.
        cut: Which of them their slice may have cut.
        depth: How far they are from the borders of their slice.
        groups: Indices of the detections that are one object.
    """
    boxes, scores, corners = found.boxes.copy(), found.scores.copy(), found.corners
    keep = np.ones(len(found), bool)
    for group in groups:
        best = max(group, key=lambda i: (depth[i], found.scores[i], -i))
        keep[group] = False
        keep[best] = True
        if cut[best]:
            low, high = corners[group, :2].min(axis=0), corners[group, 2:].max(axis=0)
            boxes[best] = *low, *(high - low)
            scores[best] = found.scores[group].max()
    return replace(found, boxes=boxes, scores=scores).select(keep)
