"""The slices of a scene: where they lie and which of them overlap."""

from dataclasses import dataclass

import numpy as np
from mmengine.config import Config
from numpy import ndarray
from sahi.slicing import get_slice_bboxes

#: Side of a slice in pixels where the config does not say one.
DEFAULT_SIZE = 800
#: The overlap is at least so many times the largest object, see `slice_merging`.
OBJECTS_PER_OVERLAP = 3


@dataclass(frozen=True)
class SliceGrid:
    """Slices in rows and columns, from the top left.

    Attributes:
        width: Of the scene, in pixels.
        height: Of the scene, in pixels.
        columns: First and last-plus-one column of pixels of each column of slices, (C, 2), int64.
        rows: The same of each row of slices, (R, 2), int64.
    """

    width: int
    height: int
    columns: ndarray
    rows: ndarray

    def __len__(self) -> int:
        return len(self.columns) * len(self.rows)

    @property
    def boxes(self) -> ndarray:
        """The slices, shape (R * C, 4), xyxy in pixels, row by row."""
        rows = np.repeat(self.rows, len(self.columns), axis=0)
        columns = np.tile(self.columns, (len(self.rows), 1))
        return np.stack([columns[:, 0], rows[:, 0], columns[:, 1], rows[:, 1]], axis=1)


def make_grid(width: int, height: int, size: int, overlap: int) -> SliceGrid:
    """Cover a scene with square slices; the last ones are shifted inwards, not made smaller.

    Args:
        width: Of the scene, in pixels.
        height: Of the scene, in pixels.
        size: Side of the slices in pixels; 0: the scene is one slice.
        overlap: What neighbors share, in pixels, below `size`.
    """
    size, overlap = (size, overlap) if size else (max(width, height), 0)
    # Half a pixel more, because sahi cuts share * size to whole pixels.
    share = min((overlap + 0.5) / size, 1 - 1e-9)
    columns, rows = (
        [box[::2] for box in get_slice_bboxes(1, length, 1, size, False, 0, share)]
        for length in (width, height)
    )
    return SliceGrid(width, height, np.array(columns), np.array(rows))


def config_size(config: Config) -> int:
    """Return the slice side that a config's test pipeline works at: its `Resize` scale, else 800.

    Of a scale with two numbers it is the smaller one, at which a square slice keeps its pixels.

    Raises:
        ValueError: If the scale is none.
    """
    for step in config.test_dataloader.dataset.pipeline:
        if str(step["type"]).split(".")[-1] == "Resize" and step.get("scale") is not None:
            try:
                return int(np.min(step["scale"]))
            except (TypeError, ValueError, OverflowError):
                raise ValueError(
                    f"the test pipeline's Resize has the scale {step['scale']!r}, not a width and "
                    "height in pixels"
                ) from None
    return DEFAULT_SIZE


def choose_overlap(size: int, ratio: float, max_object: float) -> int:
    """Return the overlap in pixels: a share of the slice, and thrice the largest object at least.

    Args:
        size: Side of the slices in pixels; 0: no slices.
        ratio: Share of the side, in [0, 1).
        max_object: Longest side of the largest object expected, in pixels.

    Raises:
        ValueError: If a number is out of range or the slices would not get on.
    """
    if size < 0 or (0 < size < 32):
        raise ValueError(f"--slice must be 0 (no slices) or at least 32 pixels, but got {size}")
    if not 0 <= ratio < 1:
        raise ValueError(f"--overlap is a share of the slice, in [0, 1), but got {ratio:g}")
    if not max_object > 0:
        raise ValueError(f"--max-object must be above 0 pixels, but got {max_object:g}")
    overlap = max(ratio * size, OBJECTS_PER_OVERLAP * max_object)
    overlap = int(np.ceil(round(overlap, 6)))
    if 0 < size <= overlap:
        raise ValueError(
            f"slices of {size} px would overlap by {overlap} px (--overlap {ratio:g}, and "
            f"{OBJECTS_PER_OVERLAP} times --max-object {max_object:g}): take larger slices, or a "
            "smaller overlap or --max-object"
        )
    return overlap
