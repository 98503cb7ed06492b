"""What is known of published data sets: counts of their splits, sizes, classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adla.datasets import AITODDataset, HITUAVDataset, LEVIRShipDataset, Sen2ShipsDataset


@dataclass(frozen=True)
class Split:
    """What is known of a split: images, those with an object, objects; None where nothing is."""

    images: int
    with_object: int | None = None
    objects: int | None = None


@dataclass(frozen=True)
class Edition:
    """One of several sets of files of a release.

    Attributes:
        name: What tells it from the others, a few words.
        counts: Split -> objects of each class, in class order.
    """

    name: str
    counts: dict[str, tuple[int, ...]]

    def total(self, splits: Sequence[str]) -> int:
        """Return the objects of some splits together."""
        return sum(sum(self.counts[split]) for split in splits)


@dataclass(frozen=True)
class Release:
    """A published data set.

    Attributes:
        name: What it is called.
        dataset: The class that reads it; its classes in order are those of the release.
        splits: Its splits. No two have the same number of images, but where one is to train on and
            the other to test on.
        whole: The splits that together are all of it.
        objects: How many objects it has in all.
        mean_size: Their mean size sqrt(w * h) in pixels.
        mark: Part of the annotation files' names that tells it from another release of the class.
        origin: Whose numbers these are.
        side: Longest side of its images in pixels, 0 where it is not known.
        square: Whether all images have that side in both directions.
        size: Width and height of all images in pixels, None where they are not known.
        editions: Sets of files whose objects per class are known.
    """

    name: str
    dataset: Any
    splits: dict[str, Split]
    whole: tuple[str, ...] = ()
    objects: int | None = None
    mean_size: float | None = None
    mark: str = ""
    origin: str = "published"
    side: int = 0
    square: bool = False
    size: tuple[int, int] | None = None
    editions: tuple[Edition, ...] = ()


_AITOD_SPLITS = {
    "trainval": Split(14018),
    "test": Split(14018),
    "train": Split(11214),
    "val": Split(2804),
}
# Counted in https://github.com/jwwangchn/AI-TOD/issues/15. The authors answer there that the files
# that were public before are those of the paper; their counts per class are in no text.
_AITOD_GENERATED = Edition(
    "in the files that AI-TOD's toolkit makes since June 2022",
    {
        "train": (623, 512, 5269, 13_539, 293, 248_051, 14_126, 176),
        "val": (170, 140, 2477, 3791, 34, 59_906, 3841, 67),
        "trainval": (793, 652, 7746, 17_330, 327, 307_957, 17_967, 243),
        "test": (745, 689, 5860, 17_633, 292, 306_678, 15_443, 290),
    },
)
RELEASES = (
    Release(
        "AI-TOD v2", AITODDataset, _AITOD_SPLITS, ("trainval", "test"), 752_746, mark="v2", side=800
    ),
    Release(
        "AI-TOD v1",
        AITODDataset,
        _AITOD_SPLITS,
        ("trainval", "test"),
        700_621,
        12.8,
        side=800,
        editions=(_AITOD_GENERATED,),
    ),
    Release(
        "LEVIR-Ship",
        LEVIRShipDataset,
        {"train": Split(2336, 1183), "val": Split(778, 394), "test": Split(782, 396)},
        ("train", "val", "test"),
        3219,
        side=512,
        square=True,
    ),
    Release(
        "HIT-UAV at half size",
        HITUAVDataset,
        {"train": Split(2319, 2287, 19_855), "val": Split(579, 579, 4896)},
        origin="converted",
        size=(320, 256),  # adla convert hit-uav --scale 0.5, which the configs are made for
    ),
    Release(
        "sen2ships in tiles of 256 px",
        Sen2ShipsDataset,
        {"train": Split(194, 158, 521), "val": Split(97, 79, 306)},
        origin="converted",
    ),
)
