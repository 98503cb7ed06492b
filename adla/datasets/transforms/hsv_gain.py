"""Colors as YOLOv8 varies them."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.registry import TRANSFORMS


@TRANSFORMS.register_module()
class HSVGain(BaseTransform):
    """Multiply hue, saturation and value by random factors, as YOLOv8 does.

    A factor is picked between 1 - gain and 1 + gain; of a gray image only the value changes.
    mmdet's ``YOLOXHSVRandomAug`` adds up to 30 gray levels, where this scales them.

    Args:
        hue: Gain of the hue, at least 0; the hue is a circle.
        saturation: Gain of the saturation, at least 0.
        value: Gain of the value, at least 0.

    Raises:
        ValueError: If a gain is negative.
    """

    def __init__(self, hue: float = 0.015, saturation: float = 0.7, value: float = 0.4) -> None:
        self.gains = np.array([hue, saturation, value])
        if (self.gains < 0).any():
            raise ValueError(f"HSVGain: gains must be at least 0, but got {self.gains.tolist()}")

    @cache_randomness
    def factors(self) -> np.ndarray:
        """Pick the three factors."""
        return 1 + np.random.uniform(-1, 1, 3) * self.gains

    def transform(self, results: dict) -> dict:
        """Change the colors of the image, (H, W, 3), BGR, uint8."""
        levels, factors = np.arange(256), self.factors()
        tables = (
            (levels * factors[0]) % 180,  # OpenCV's hue
            (levels * factors[1]).clip(0, 255),
            (levels * factors[2]).clip(0, 255),
        )
        planes = cv2.split(cv2.cvtColor(results["img"], cv2.COLOR_BGR2HSV))
        changed = [
            cv2.LUT(plane, table.astype(np.uint8))
            for plane, table in zip(planes, tables, strict=True)
        ]
        results["img"] = cv2.cvtColor(cv2.merge(changed), cv2.COLOR_HSV2BGR)
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(gains={self.gains.tolist()})"
