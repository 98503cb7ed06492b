"""Crops that look where an earlier detector saw what is not there."""

from os import PathLike

import numpy as np
from mmdet.registry import TRANSFORMS

from adla.datasets import TargetCrop
from adla.evaluation.box_arrays import box_overlaps, to_corners
from adla.evaluation.result_files import load_detections, load_ground_truth

Alarms = dict[int | str, tuple[np.ndarray, np.ndarray]]


@TRANSFORMS.register_module()
class FalseAlarmCrop(TargetCrop):
    """Crop a window on a target, or on a false alarm of an earlier training.

    A training on windows sees little of the background: a window of 256 px is a twentieth of an
    image of 1280 x 1024 px, and most of it is empty sky. This one goes where a detector that was
    trained so raises false alarms *on the training images*. A detection is a false alarm if it
    touches no object of its image, whatever its class. The higher its score, the more often its
    window is taken. Put it behind a `Resize` and before flips.

    Args:
        crop_size: Width and height of the window in pixels; a smaller image stays as it is.
        ann_file: COCO annotations of the training images, with the image ids of the data set.
        detections: COCO result file of the same images, such as ``adla test`` writes.
        prob: Share of the windows placed on a target, within [0, 1].
        alarm_prob: Share of the others placed on a false alarm, within [0, 1]; an image without
            any gives random windows.

    Raises:
        FileNotFoundError: A file does not exist.
        ValueError: A probability is out of range, or the detections are not of these annotations.
    """

    def __init__(
        self,
        crop_size: tuple[int, int],
        ann_file: str | PathLike,
        detections: str | PathLike,
        prob: float = 0.5,
        alarm_prob: float = 0.75,
    ) -> None:
        super().__init__(crop_size, prob)
        if not 0 <= alarm_prob <= 1:
            raise ValueError(
                f"FalseAlarmCrop: alarm_prob must lie within [0, 1], but got {alarm_prob}"
            )
        self.alarm_prob = alarm_prob
        self._alarms = _load_alarms(ann_file, detections)

    def _choose(self, results: dict) -> np.ndarray | None:
        target = super()._choose(results)
        if target is not None or np.random.rand() >= self.alarm_prob:
            return target
        alarms = self._alarms.get(results["img_id"])
        if alarms is None:
            return None
        boxes, shares = alarms
        box = boxes[np.random.choice(len(boxes), p=shares)]
        return box * np.tile(results.get("scale_factor", (1.0, 1.0)), 2)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(crop_size={self.crop_size}, prob={self.prob}, "
            f"alarm_prob={self.alarm_prob}, images_with_alarms={len(self._alarms)})"
        )


def _load_alarms(ann_file: str | PathLike, detections: str | PathLike) -> Alarms:
    """Return the false alarms of each image: boxes (N, 4), xyxy, and the share (N,) of each."""
    dataset, truth, _ = load_ground_truth(ann_file)
    found, _ = load_detections(detections, dataset, truth)
    found = found.select(found.scores > 0)
    alarms: Alarms = {}
    for index in np.unique(found.images):
        mine = found.select(found.images == index)
        objects = to_corners(truth.boxes[truth.images == index])
        overlaps = box_overlaps(mine.corners[:, None], objects[None])
        mine = mine.select(np.all(overlaps == 0, axis=1))
        if len(mine):
            alarms[truth.image_ids[index]] = mine.corners, mine.scores / mine.scores.sum()
    return alarms
