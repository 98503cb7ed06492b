"""Crops that look where the targets are."""

import numpy as np
from mmdet.datasets.transforms import RandomCrop
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import get_box_tensor


@TRANSFORMS.register_module()
class TargetCrop(RandomCrop):
    """Crop a window of fixed size that holds a target, picked at random, more often than chance.

    A random crop of a large image seldom meets a target of 5 px. This one holds a target, and the
    whole of it, with the probability `prob`; otherwise it is a random crop, empty or not. An image
    without targets gives random crops.

    Args:
        crop_size: Width and height of the window in pixels; a smaller image stays as it is.
        prob: Share of crops placed on a target, within [0, 1].

    Raises:
        ValueError: `prob` is out of range.
    """

    def __init__(self, crop_size: tuple[int, int], prob: float = 0.75) -> None:
        super().__init__(crop_size, allow_negative_crop=True)
        if not 0 <= prob <= 1:
            raise ValueError(f"TargetCrop: prob must lie within [0, 1], but got {prob}")
        self.prob = prob
        self._target: np.ndarray | None = None

    def transform(self, results: dict) -> dict:
        """Crop the image and its boxes.

        Raises:
            ValueError: If there are no boxes.
        """
        if "gt_bboxes" not in results:
            raise ValueError(
                f"{type(self).__name__} needs gt_bboxes: put LoadAnnotations(with_bbox=True) "
                "before it"
            )
        self._target = self._choose(results)
        return super().transform(results)

    def _choose(self, results: dict) -> np.ndarray | None:
        """Return the box (4,), xyxy, that the window holds; None: any window will do."""
        boxes = get_box_tensor(results["gt_bboxes"])
        placed = len(boxes) and np.random.rand() < self.prob
        return boxes[np.random.randint(len(boxes))].numpy() if placed else None

    def _rand_offset(self, margin: tuple[int, int]) -> tuple[int, int]:
        """Pick the upper left corner of the window, (y, x), within a margin of (height, width)."""
        if self._target is None:
            return super()._rand_offset(margin)
        x1, y1, x2, y2 = self._target
        width, height = self.crop_size
        return _offset(y1, y2, height, margin[0]), _offset(x1, x2, width, margin[1])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(crop_size={self.crop_size}, prob={self.prob})"


def _offset(start: float, stop: float, window: int, margin: int) -> int:
    """Pick where a window begins so that it holds [start, stop], or starts with a longer one."""
    high = min(int(np.floor(start)), margin)
    low = min(max(int(np.ceil(stop)) - window, 0), high)
    return int(np.random.randint(low, high + 1))
