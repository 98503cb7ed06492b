"""Scaling and shifting about the center, as YOLOv8 has it."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes, autocast_box_type


@TRANSFORMS.register_module()
class CenteredAffine(BaseTransform):
    """Scale an image about its center, put the center near that of the output, and cut.

    So YOLOv8 makes its input from a mosaic of twice the size, and without mosaic from the image
    itself, which is then letterboxed, too. mmdet's ``RandomAffine`` scales about the upper left
    corner. Boxes are cut at the border; one is left out if a side of what remains has `min_side`
    or less, if not more than `min_area_ratio` of it remains, or if it is `max_aspect_ratio` times
    or more as long as wide.

    Args:
        size: Width and height of the output in pixels.
        scale: A factor is picked between 1 - scale and 1 + scale; below 1.
        translate: The center lies between .5 - translate and .5 + translate of the output.
        pad_val: Gray where there is no image.
        min_side: In pixels.
        min_area_ratio: Of the area of the scaled box.
        max_aspect_ratio: Of the longer to the shorter side.
        pixel_centers: Whether the image is scaled about the same point as its boxes. As in YOLOv8
            it is not: OpenCV counts from the center of the first pixel, boxes from its border, so
            the two are up to a quarter of a pixel apart at factors of .5 and 1.5.

    Raises:
        ValueError: If `scale` or `translate` are out of range.
    """

    def __init__(
        self,
        size: tuple[int, int],
        scale: float = 0.5,
        translate: float = 0.1,
        pad_val: int = 114,
        min_side: float = 2.0,
        min_area_ratio: float = 0.1,
        max_aspect_ratio: float = 100.0,
        pixel_centers: bool = False,
    ) -> None:
        if not 0 <= scale < 1 or not 0 <= translate <= 0.5:
            raise ValueError(
                "CenteredAffine: scale must lie in [0, 1) and translate in [0, 0.5], but got "
                f"scale={scale} and translate={translate}"
            )
        self.size = tuple(size)
        self.scale = scale
        self.translate = translate
        self.pad_val = pad_val
        self.min_side = min_side
        self.min_area_ratio = min_area_ratio
        self.max_aspect_ratio = max_aspect_ratio
        self.pixel_centers = pixel_centers

    @cache_randomness
    def pick(self) -> tuple[float, float, float]:
        """Pick the factor, and where the center lies in the output, as shares of its sides."""
        low, high = 0.5 - self.translate, 0.5 + self.translate
        factor = np.random.uniform(1 - self.scale, 1 + self.scale)
        return factor, np.random.uniform(low, high), np.random.uniform(low, high)

    @autocast_box_type()
    def transform(self, results: dict) -> dict:
        """Move image and boxes.

        Raises:
            ValueError: If there are masks, which it does not move.
        """
        if "gt_masks" in results:
            raise ValueError("CenteredAffine moves no masks: LoadAnnotations without with_mask")
        factor, *center = self.pick()
        height, width = results["img"].shape[:2]
        shift = [
            share * out - factor * side / 2
            for share, out, side in zip(center, self.size, (width, height), strict=True)
        ]
        results["img"] = self._warp(results["img"], factor, shift)
        results["img_shape"] = results["img"].shape[:2]
        if "gt_bboxes" in results:
            self._move_boxes(results, factor, shift)
        return results

    def _warp(self, img: np.ndarray, factor: float, shift: Sequence[float]) -> np.ndarray:
        # The center of the first pixel is half a pixel from its border.
        half = (factor - 1) / 2 if self.pixel_centers else 0.0
        matrix = np.array([[factor, 0, shift[0] + half], [0, factor, shift[1] + half]])
        return cv2.warpAffine(img, matrix, self.size, borderValue=(self.pad_val,) * 3)

    def _move_boxes(self, results: dict, factor: float, shift: Sequence[float]) -> None:
        scaled = results["gt_bboxes"].tensor * factor
        limit = torch.tensor([*self.size, *self.size], dtype=scaled.dtype)
        moved = scaled + torch.tensor([*shift, *shift], dtype=scaled.dtype)
        moved = torch.minimum(moved.clamp(min=0), limit)
        sides, before = moved[:, 2:] - moved[:, :2], scaled[:, 2:] - scaled[:, :2]
        shorter, longer = sides.amin(1), sides.amax(1)
        keep = shorter > self.min_side
        keep &= sides.prod(1) > self.min_area_ratio * before.prod(1)
        keep &= longer < self.max_aspect_ratio * shorter
        results["gt_bboxes"] = HorizontalBoxes(moved[keep])
        for name in ("gt_bboxes_labels", "gt_ignore_flags"):
            if name in results:
                results[name] = results[name][keep.numpy()]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, scale={self.scale}, "
            f"translate={self.translate}, min_side={self.min_side}, "
            f"pixel_centers={self.pixel_centers})"
        )
