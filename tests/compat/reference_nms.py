"""Non-maximum suppression in loops over Python's floats, as the wrappers of mmcv document it."""

import math


def iou(a, b, offset=0):
    """Return the IoU of two boxes, 0 where both have no area."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]) + offset, 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]) + offset, 0)
    inside = width * height
    union = area(a, offset) + area(b, offset) - inside
    return inside / union if union else 0.0


def area(box, offset=0):
    return (box[2] - box[0] + offset) * (box[3] - box[1] + offset)


def by_score(scores):
    """Return the indices, best first; equal scores keep their order."""
    return sorted(range(len(scores)), key=lambda index: -scores[index])


def nms(boxes, scores, threshold, offset=0):
    """Return the indices of the boxes that no better, kept one overlaps by more than threshold."""
    kept = []
    for index in by_score(scores):
        if all(iou(boxes[other], boxes[index], offset) <= threshold for other in kept):
            kept.append(index)
    return kept


def nms_match(boxes, scores, threshold):
    """Return the groups: a kept box and those that it takes, by an IoU of threshold or more."""
    groups = []
    for index in by_score(scores):
        for group in groups:
            if iou(boxes[group[0]], boxes[index]) >= threshold:
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def soft_nms(boxes, scores, threshold, sigma, min_score, method, offset=0):
    """Return the indices that are kept and their new scores, in the order in which they are taken.

    The first of the best is taken and the first of the rest takes its place; what falls below
    min_score is replaced by the last.
    """
    rest = [[index, score] for index, score in enumerate(scores)]
    taken = []
    while rest:
        best = max(range(len(rest)), key=lambda place: rest[place][1])
        rest[0], rest[best] = rest[best], rest[0]
        head = rest.pop(0)
        taken.append(head)
        place = 0
        while place < len(rest):
            overlap = iou(boxes[head[0]], boxes[rest[place][0]], offset)
            rest[place][1] *= decay(overlap, threshold, sigma, method)
            if rest[place][1] < min_score:
                last = rest.pop()
                if place < len(rest):
                    rest[place] = last
            else:
                place += 1
    return [index for index, _ in taken], [score for _, score in taken]


def decay(overlap, threshold, sigma, method):
    """Return what a score is multiplied by."""
    if method == "gaussian":
        return math.exp(-overlap * overlap / sigma)
    if overlap < threshold:
        return 1.0
    return 1 - overlap if method == "linear" else 0.0
