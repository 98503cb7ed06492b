"""Whether a data set is the one that was published, as far as its annotations tell."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .inspection import Inspection
from .releases import RELEASES, Edition, Release

#: How far a mean size in pixels may be from a published one, which has one decimal.
_SIZE_TOLERANCE = 0.1


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
    parts: dict[str, dict[str, Inspection]] = {}  # release -> split -> what was found
    for inspection in inspections:
        release = _release_of(inspection)
        if release is None:
            continue
        comparison = comparisons.setdefault(release.name, Comparison(release))
        split = _split_of(inspection, release)
        parts.setdefault(release.name, {})[split] = inspection
        _compare_split(inspection, split, comparison)
    for name, comparison in comparisons.items():
        whole = comparison.release.whole
        if whole and set(whole) <= parts[name].keys():
            _compare_whole([parts[name][split] for split in whole], comparison)
        for edition in comparison.release.editions:
            _compare_edition(parts[name], edition, comparison)
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
    different = [
        f"{where}: {what} {_text(ours)}, {release.origin} {_text(theirs)}"
        for what, (ours, theirs) in wrong.items()
    ]
    different += [f"{where}: {fault}" for fault in _image_faults(inspection, release)]
    file_order = [name for _, name in inspection.records.categories]
    if sorted(file_order) == sorted(classes) and file_order != classes:
        different.append(
            f"{where}: the file has its classes in the order {', '.join(file_order)}; labels "
            "follow the names here, but code that goes by the order would mix them up"
        )
    comparison.different += different
    if not different:
        counts = ", ".join(f"{_text(pair[0])} {what}" for what, pair in list(found.items())[1:])
        comparison.equal.append(
            f"{inspection.name}: this is {release.name} {split} as {release.origin}: {counts}, "
            f"{len(classes)} classes in order"
        )


def _image_faults(inspection: Inspection, release: Release) -> list[str]:
    """Say which images cannot be of a release, by the size and the name in the annotations."""
    records, faults = inspection.records, []
    sizes, names = records.image_sizes, records.file_names
    wanted = release.size or (release.side, release.side)
    if all(wanted):
        is_exact = release.square or release.size is not None
        bad = sizes != np.array(wanted) if is_exact else sizes > np.array(wanted)
        wrong = np.asarray(bad).any(axis=1)
        shape = f"{wanted[0]} x {wanted[1]} px" + ("" if is_exact else " at most")
        for index in np.flatnonzero(wrong)[:1]:
            width, height = sizes[index].tolist()
            faults.append(
                f"{int(wrong.sum()):,} images are not {shape}, such as {names[index]} "
                f"({width:g} x {height:g})"
            )
    if release.side:
        others = [name for name in names if not name.lower().endswith(".png")]
        if others:
            faults.append(f"{len(others):,} file names do not end in .png, such as {others[0]}")
    return faults


def _compare_whole(parts: Sequence[Inspection], comparison: Comparison) -> None:
    """Compare the number of objects and their mean size over all splits."""
    release = comparison.release
    count = sum(map(_num_objects, parts))
    where = f"{release.name} {' and '.join(release.whole)} together"
    known = {edition.total(release.whole): edition.name for edition in release.editions}
    if count == release.objects:
        comparison.equal.append(f"{where} as published: {count:,} objects")
    elif count in known:
        comparison.equal.append(
            f"{where} as {known[count]}: {count:,} objects; {release.objects:,} in the paper"
        )
    else:
        comparison.different.append(f"{where}: {count:,} objects, published {release.objects:,}")
    usable = [part.sizes for part in parts if part.sizes.count]
    if release.mean_size is None or not usable:
        return
    mean = sum(s.count * s.mean for s in usable) / sum(s.count for s in usable)
    text = f"mean size {mean:.1f} px"
    if abs(mean - release.mean_size) > _SIZE_TOLERANCE:
        comparison.different.append(f"{where}: {text}, published {release.mean_size} px")
    else:
        comparison.equal.append(f"{where} as published: {text}")


def _compare_edition(
    parts: dict[str, Inspection], edition: Edition, comparison: Comparison
) -> None:
    """Compare the objects of each class; if they are the paper's in all, no edition says more."""
    release = comparison.release
    if set(release.whole) <= parts.keys():
        if sum(_num_objects(parts[split]) for split in release.whole) == release.objects:
            return
    classes = release.dataset.METAINFO["classes"]
    for split, inspection in parts.items():
        if split not in edition.counts:
            continue
        ours, where = _class_counts(inspection), f"{inspection.name}: {release.name} {split}"
        theirs = dict(zip(classes, edition.counts[split], strict=True))
        wrong = [name for name in classes if ours.get(name, 0) != theirs[name]]
        if wrong:
            words = (f"{name} {ours.get(name, 0):,} for {theirs[name]:,}" for name in wrong)
            comparison.different.append(
                f"{where}: objects per class are not those {edition.name}: {', '.join(words)}; the "
                f"older files have {release.objects:,} objects in {' and '.join(release.whole)}"
            )
        else:
            comparison.equal.append(f"{where}: objects of each class as {edition.name}")


def _class_counts(inspection: Inspection) -> dict[str, int]:
    """Return how many annotations of each class are no crowds, also those that none can learn."""
    records = inspection.records
    names = dict(records.categories)
    chosen = (names.get(one) for one, crowd in zip(records.ann_categories, records.crowds,
                                                   strict=True) if not crowd)  # fmt: skip
    return Counter(name for name in chosen if name is not None)


def _num_objects(inspection: Inspection) -> int:
    """Return how many annotations are no crowds, whether they can be learned or not."""
    return int((~inspection.records.crowds).sum())


def _text(value: Any) -> str:
    """Return a number with commas, or a list of names."""
    return f"{value:,}" if isinstance(value, int) else ", ".join(map(str, value))
