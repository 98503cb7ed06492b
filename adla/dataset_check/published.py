"""Whether a data set is the one that was published, as far as its annotations tell."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adla.datasets import AITODDataset, HITUAVDataset, LEVIRShipDataset, Sen2ShipsDataset

from .inspection import Inspection

#: How far a mean size in pixels may be from a published one, which has one decimal.
_SIZE_TOLERANCE = 0.1


@dataclass(frozen=True)
class Split:
    """What is known of a split: images, those with an object, objects; None where nothing is."""

    images: int
    with_object: int | None = None
    objects: int | None = None


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
    """

    name: str
    dataset: Any
    splits: dict[str, Split]
    whole: tuple[str, ...] = ()
    objects: int | None = None
    mean_size: float | None = None
    mark: str = ""
    origin: str = "published"


_AITOD_SPLITS = {
    "trainval": Split(14018),
    "test": Split(14018),
    "train": Split(11214),
    "val": Split(2804),
}
RELEASES = (
    Release("AI-TOD-v2", AITODDataset, _AITOD_SPLITS, ("trainval", "test"), 752_746, None, "v2"),
    Release("AI-TOD", AITODDataset, _AITOD_SPLITS, ("trainval", "test"), 700_621, 12.8),
    Release(
        "LEVIR-Ship",
        LEVIRShipDataset,
        {"train": Split(2336, 1183), "val": Split(778, 394), "test": Split(782, 396)},
        ("train", "val", "test"),
        3219,
    ),
    Release(
        "HIT-UAV split by scene",
        HITUAVDataset,
        {"train": Split(2319, 2287, 19_855), "val": Split(579, 579, 4896)},
        origin="converted",
    ),
    Release(
        "sen2ships in tiles of 256 px",
        Sen2ShipsDataset,
        {"train": Split(194, 158, 521), "val": Split(97, 79, 306)},
        origin="converted",
    ),
)


@dataclass
class Comparison:
    """Datasets of a config beside the release that they should be.

    Attributes:
        release: The release.
        equal: What is as published, one line each.
        different: What is not.
    """

    release: Release
    equal: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)


def compare_with_published(inspections: Sequence[Inspection]) -> list[Comparison]:
    """Compare the datasets of a config with the releases that their classes stand for."""
    comparisons: dict[str, Comparison] = {}
    parts: dict[str, dict[str, Inspection]] = {}
    for inspection in inspections:
        release = _release_of(inspection)
        if release is None:
            continue
        comparison = comparisons.setdefault(release.name, Comparison(release))
        split = _split_of(inspection, release)
        parts.setdefault(release.name, {})[split] = inspection
        _compare_split(inspection, split, comparison)
    for name, comparison in comparisons.items():
        if comparison.release.whole and set(comparison.release.whole) <= parts[name].keys():
            chosen = [parts[name][split] for split in comparison.release.whole]
            _compare_whole(chosen, comparison)
    return list(comparisons.values())


def _release_of(inspection: Inspection) -> Release | None:
    """Return the release that the dataset class and the name of the file stand for."""
    name = inspection.source.ann_file.name
    for release in RELEASES:
        if type(inspection.source.dataset) is release.dataset and release.mark in name:
            return release
    return None


def _split_of(inspection: Inspection, release: Release) -> str:
    """Return the split by the name of the file, the longest name that is in it, or by its use."""
    name = inspection.source.ann_file.name
    named = [split for split in release.splits if split in name]
    return max(named, key=len) if named else inspection.source.splits[0]


def _compare_split(inspection: Inspection, split: str, comparison: Comparison) -> None:
    """Compare classes and counts of one split."""
    release, where = comparison.release, f"{inspection.name}: {comparison.release.name} {split}"
    published = release.splits.get(split)
    if published is None:
        comparison.different.append(
            f"{where}: no such split; there are {', '.join(release.splits)}"
        )
        return
    classes = list(release.dataset.METAINFO["classes"])
    found: dict[str, tuple[object, object]] = {
        "classes": (inspection.source.classes, classes),
        "images": (inspection.num_images, published.images),
    }
    if published.with_object is not None:
        with_object = inspection.num_images - inspection.num_empty
        found["images with an object"] = (with_object, published.with_object)
    if published.objects is not None:
        found["objects"] = (_num_objects(inspection), published.objects)
    wrong = {what: pair for what, pair in found.items() if pair[0] != pair[1]}
    for what, (ours, theirs) in wrong.items():
        comparison.different.append(
            f"{where}: {what} {_text(ours)}, {release.origin} {_text(theirs)}"
        )
    file_order = [name for _, name in inspection.records.categories]
    if sorted(file_order) == sorted(classes) and file_order != classes:
        comparison.different.append(
            f"{where}: the file has its classes in the order {', '.join(file_order)}; labels "
            "follow the names here, but code that goes by the order would mix them up"
        )
    elif not wrong:
        counts = ", ".join(f"{_text(pair[0])} {what}" for what, pair in list(found.items())[1:])
        comparison.equal.append(
            f"{where} as {release.origin}: {counts}, {len(classes)} classes in order"
        )


def _compare_whole(parts: Sequence[Inspection], comparison: Comparison) -> None:
    """Compare the number of objects and their mean size over all splits."""
    release = comparison.release
    count = sum(map(_num_objects, parts))
    where = f"{release.name} {' and '.join(release.whole)} together"
    if count != release.objects:
        comparison.different.append(f"{where}: {count:,} objects, published {release.objects:,}")
    else:
        comparison.equal.append(f"{where} as published: {count:,} objects")
    usable = [part.sizes for part in parts if part.sizes.count]
    if release.mean_size is None or not usable:
        return
    mean = sum(s.count * s.mean for s in usable) / sum(s.count for s in usable)
    text = f"mean size {mean:.1f} px"
    if abs(mean - release.mean_size) > _SIZE_TOLERANCE:
        comparison.different.append(f"{where}: {text}, published {release.mean_size} px")
    else:
        comparison.equal.append(f"{where} as published: {text}")


def _num_objects(inspection: Inspection) -> int:
    """Return how many annotations are no crowds, whether they can be learned or not."""
    return int((~inspection.records.crowds).sum())


def _text(value: Any) -> str:
    """Return a number with commas, or a list of names."""
    return f"{value:,}" if isinstance(value, int) else ", ".join(map(str, value))
