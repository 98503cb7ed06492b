"""Images of more than 8 bits, as a training wants them."""

from collections.abc import Sequence
from typing import Any

import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS

from ..value_range import check_range, decode_in_range


@TRANSFORMS.register_module()
class LoadImageInRange(LoadImageFromFile):
    """Load an image of 16 bits or of floats, with the values stated that become black and white.

    ``LoadImageFromFile`` keeps the upper 8 of 16 bits: of a camera's 14-bit frame with 600 gray
    levels, three. It cannot open floats at all. This one scales ``value_range`` linearly to 0 and
    255 and cuts off what lies beyond. ``adla predict`` takes the range from the test pipeline, and
    does the same to images of any size.

    The values are those stored in the file, also where it has 10, 12 or 14 bits; where a TIFF
    counts from white (MINISWHITE), they are inverted first. 8-bit images are scaled too. Read is
    what OpenCV decodes: PNG and JPEG 2000 of 16 bits, TIFF of integers and floats with one band or
    with colors.

    Modified keys: ``img`` (H, W, 3), BGR, uint8, ``img_shape``, ``ori_shape``.

    Args:
        value_range: The values that become 0 and 255, the first below the second.
        to_float32: Whether the pixels become float32; they stay in [0, 255].
        ignore_empty: Whether an image that cannot be loaded is left out (None) and no error.
        backend_args: See ``LoadImageFromFile``.

    Raises:
        ValueError: If ``value_range`` is not two finite numbers in ascending order; when an image
            is loaded, if OpenCV cannot decode it.
    """

    def __init__(
        self,
        value_range: Sequence[float],
        to_float32: bool = False,
        ignore_empty: bool = False,
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(to_float32, ignore_empty=ignore_empty, backend_args=backend_args)
        check_range(value_range, "LoadImageInRange: value_range")
        self.value_range = (float(value_range[0]), float(value_range[1]))

    def transform(self, results: dict) -> dict[str, Any] | None:
        """Load the image at ``img_path``."""
        path = results["img_path"]
        try:
            content = fileio.get(path, backend_args=self.backend_args)
            image = decode_in_range(content, self.value_range)
        except (OSError, ValueError) as error:
            if self.ignore_empty:
                return None
            raise ValueError(f"{path}: {error}") from error
        results["img"] = image.astype(np.float32) if self.to_float32 else image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(value_range={self.value_range})"
