"""The anchors of YOLOv5."""

from collections.abc import Sequence
from typing import Any

# The anchors that v7.0 starts from, widths and heights in pixels at strides 8, 16 and 32.
COCO_ANCHORS = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)


def check_levels(strides: Sequence[int], **settings: Sequence[Any]) -> None:
    """Refuse settings, `anchors` among them, that do not have one entry for each stride.

    Raises:
        ValueError: They have not, or the levels do not have as many anchors.
    """
    for name, values in settings.items():
        if len(values) != len(strides):
            raise ValueError(
                f"YOLOv5Head: {name} must have one entry for each of strides={list(strides)}, but "
                f"got {values}"
            )
    if len({len(sizes) for sizes in settings["anchors"]}) != 1:
        raise ValueError(
            f"YOLOv5Head: each level must have as many anchors, but got {settings['anchors']}"
        )
