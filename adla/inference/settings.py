"""How to predict: what a user can choose, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from adla.datasets.image_loader import pipeline_range
from adla.datasets.value_range import ValueRange, check_range

from .same_object import SIZE_RATIO
from .slice_merging import METRICS


@dataclass(frozen=True)
class Settings:
    """How to predict.

    Attributes:
        slice_size: Side of the slices in pixels; 0: each image is one slice.
        overlap: What neighboring slices share, in pixels, see `slicing.choose_overlap`.
        score_thr: Detections with a lower score are left out, in [0, 1].
        batch_size: Slices that the detector takes at once.
        value_range: Values that become black and white, see `raster_reader.Raster`.
        bands: Bands to show, see `raster_reader.Raster`.
        nms_thr: See `nested_nms.suppress_nested`.
        merge_metric: See `slice_merging.merge_slices`.
        merge_thr: See `slice_merging.merge_slices`.
        size_ratio: See `same_object.alike`.
        merge_by_class: See `slice_merging.merge_slices`.

    Raises:
        ValueError: If a number is out of range.
    """

    slice_size: int
    overlap: int
    score_thr: float = 0.3
    batch_size: int = 4
    value_range: ValueRange | None = None
    bands: tuple[int, ...] | None = None
    nms_thr: float = 0.5
    merge_metric: str = "ios"
    merge_thr: float = 0.5
    size_ratio: float = SIZE_RATIO
    merge_by_class: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.score_thr <= 1:
            raise ValueError(f"--score-thr must lie in [0, 1], but got {self.score_thr:g}")
        if not 0 <= self.nms_thr <= 1:
            raise ValueError(f"--nms-thr must lie in [0, 1], but got {self.nms_thr:g}")
        if not 0 < self.merge_thr <= 1:
            raise ValueError(f"--merge-thr must lie in (0, 1], but got {self.merge_thr:g}")
        if self.merge_metric not in METRICS:
            raise ValueError(f"--merge-metric is one of {METRICS}, but got {self.merge_metric!r}")
        if not (self.size_ratio == 0 or 1 <= self.size_ratio < inf):
            raise ValueError(
                f"--size-ratio must be at least 1, or 0 for any, but got {self.size_ratio:g}"
            )
        if self.batch_size < 1:
            raise ValueError(f"--batch-size must be at least 1, but got {self.batch_size}")
        if self.value_range is not None:
            check_range(self.value_range, "--value-range")


def choose_range(
    pipeline: Sequence[dict], wanted: Sequence[float] | None = None
) -> ValueRange | None:
    """Return the values that become black and white: those of the training, if it says so.

    Args:
        pipeline: Test pipeline of the config; ``LoadImageInRange`` states a range.
        wanted: What the user asks for.

    Raises:
        ValueError: If the user asks for another range than the training's.
    """
    trained = pipeline_range(pipeline)
    if wanted is None:
        return trained
    chosen = (wanted[0], wanted[1])
    if trained is not None and chosen != trained:
        raise ValueError(
            "--value-range {:g} {:g} is not what the config trains with, LoadImageInRange("
            "value_range=({:g}, {:g})): leave it out, or change the config".format(
                *chosen, *trained
            )
        )
    return chosen
