"""Boxes for the tests of the evaluation."""

import numpy as np

from adla.evaluation.box_arrays import Detections, GroundTruth

CLASSES = ("airplane", "bridge", "storage-tank", "ship")


def truth(rows, images=1, classes=CLASSES) -> GroundTruth:
    """Annotations from (image, class, xywh) or (image, class, xywh, area, crowd); images from 0."""
    rows = [(*row, row[2][2] * row[2][3], False)[:5] if len(row) == 3 else row for row in rows]
    image, label, boxes, areas, crowds = zip(*rows, strict=True) if rows else [[]] * 5
    return GroundTruth(
        list(range(images)),
        list(classes),
        np.array(image, np.int64),
        np.array(label, np.int64),
        np.array(boxes, np.float64).reshape(-1, 4),
        np.array(areas, np.float64),
        np.array(crowds, bool),
    )


def detections(rows) -> Detections:
    """Detections from (image, class, xywh, score)."""
    image, label, boxes, scores = zip(*rows, strict=True) if rows else [[]] * 4
    return Detections(
        np.array(boxes, np.float64).reshape(-1, 4),
        np.array(scores, np.float64),
        np.array(label, np.int64),
        np.array(image, np.int64),
    )


def square(x, y, side):
    return [x, y, side, side]


def grid(count, side=10, pitch=20):
    """Separate squares of one image, 40 in a row."""
    return [square(pitch * (i % 40), pitch * (i // 40), side) for i in range(count)]


def random_case(seed, images=8, objects=12, found=40):
    """Objects of all sizes, some crowds, empty images; detections with ties, doubles and noise.

    Class 3 has no object. Integer boxes make IoUs and areas hit their thresholds exactly.
    """
    rng = np.random.default_rng(seed)
    gts, dts = [], []
    for image in range(images):
        for _ in range(rng.integers(0, objects + 1) * (image % 4 > 0)):
            side = rng.choice([4, 8, 11, 16, 32, 40], 2)
            box = np.concatenate([rng.integers(0, 150, 2), side]).tolist()
            area = box[2] * box[3] if rng.random() < 0.8 else int(rng.choice([64, 256, 1024]))
            gts.append((image, int(rng.integers(0, 3)), box, area, len(gts) % 9 == 8))
        mine = [gt for gt in gts if gt[0] == image]
        for _ in range(rng.integers(0, found + 1)):
            box = np.concatenate([rng.integers(0, 150, 2), rng.integers(0, 40, 2)]).astype(float)
            label = int(rng.integers(0, 4))
            if mine and rng.random() < 0.7:
                _, label, box, *_ = mine[rng.integers(len(mine))]
                box = np.array(box) + rng.integers(-2, 3, 4) * (rng.random() < 0.7)
            box[2:] = np.maximum(box[2:], 0)
            dts.append((image, label, list(box), rng.integers(0, 11) / 10))
    return truth(gts, images), detections(dts)
