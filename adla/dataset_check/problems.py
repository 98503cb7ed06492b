"""Where problems of a data set are found."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy import ndarray

from adla.datasets.image_identity import file_identity, leaves_folder, repeated_files
from adla.evaluation.annotated_areas import has_other_area

from .annotations import Records
from .config_datasets import Opened, Source
from .image_files import Files
from .problem_kinds import KINDS, Problem

#: By how many pixels a box may leave its image; formats of whole pixels count from 0 or from 1.
EDGE_TOLERANCE = 1.0


def find_problems(source: Source, records: Records, opened: Opened, files: Files) -> list[Problem]:
    """Look for every kind of problem in one dataset; the kinds come in the order of `KINDS`."""
    found = {
        **_entries(records),
        **_boxes(records),
        **_classes(records, source.classes, opened),
        **_images(records, source, files),
        **_loading(records, source, opened),
    }
    return [Problem(kind, found[kind]) for kind in KINDS if found.get(kind)]


def shared_images(sources: Iterable[Source], paths: Mapping[int, set[Path]]) -> Problem | None:
    """Find the images that the training and a measurement share.

    Args:
        sources: All datasets of a config.
        paths: Per position in `sources`, the files of its images.
    """
    measured: dict[Hashable, str] = {}
    trained: dict[Hashable, Path] = {}
    for index, source in enumerate(sources):
        files = {file_identity(path): path for path in paths[index]}
        if "train" in source.splits:
            trained |= files
        for split in source.splits:
            if split != "train":
                measured |= dict.fromkeys(files, split)
    items = [
        f"{path}: train and {measured[file]}"
        for file, path in sorted(trained.items(), key=lambda item: item[1])
        if file in measured
    ]
    return Problem("shared-image", items) if items else None


def _entries(records: Records) -> dict[str, list[str]]:
    """Check ids and references."""
    images, annotations = Counter(records.image_ids), Counter(records.ann_ids)
    ids = Counter(key for key, _ in records.categories)
    names = Counter(name for _, name in records.categories)
    known = set(ids)
    return {
        "malformed-entry": records.malformed,
        "repeated-image-id": _repeated(images, "image id"),
        "repeated-annotation-id": _repeated(annotations, "annotation id"),
        "repeated-category": _repeated(ids, "category id") + _repeated(names, "category"),
        "dangling-annotation": [
            f"annotation {records.ann_ids[k]}: image id {records.ann_image_ids[k]!r}"
            for k in np.flatnonzero(records.ann_images < 0)
        ],
        "unknown-category": [
            f"annotation {ann}: category id {category!r}"
            for ann, category in zip(records.ann_ids, records.ann_categories, strict=True)
            if category not in known
        ],
        "annotation-id-0": ["annotation 0"] if 0 in annotations else [],
        "image-id-0": ["image 0"] if 0 in images else [],
    }


def _boxes(records: Records) -> dict[str, list[str]]:
    """Check every box against its image, its area and the other boxes."""
    sound, beyond = records.has_area(), records.outside()
    area = records.boxes[:, 2:].prod(axis=1)
    other = sound & has_other_area(records.areas, records.boxes, records.masks)
    keys = [
        (image, category, *box)
        for image, category, box in zip(
            records.ann_image_ids, records.ann_categories, records.boxes.tolist(), strict=True
        )
    ]
    counts = Counter(key for key, good in zip(keys, sound, strict=True) if good)
    twice = np.array([counts[key] > 1 for key in keys], bool)
    over = sound & (beyond > EDGE_TOLERANCE)
    return {
        "box-without-area": _boxes_where(records, ~sound),
        "box-vanishes": _boxes_where(records, records.vanishes()),
        "box-outside": _boxes_where(records, over & np.isinf(beyond)),
        "box-over-the-edge": _boxes_where(records, over & ~np.isinf(beyond)),
        "duplicate-box": _boxes_where(records, twice),
        "other-area": [
            f"{line}: area {records.areas[k]:g}, w * h {area[k]:g}"
            for k, line in zip(np.flatnonzero(other), _boxes_where(records, other), strict=True)
        ],
    }


def _classes(records: Records, classes: list[str], opened: Opened) -> dict[str, list[str]]:
    """Check the categories against the classes of the config."""
    names = dict(records.categories)
    objects = Counter(
        names.get(key)
        for key, good in zip(records.ann_categories, records.usable(), strict=True)
        if good
    )
    return {
        "class-without-category": [
            f"{name!r}; the file has {sorted(names.values())}"
            for name in classes
            if name not in names.values()
        ],
        "category-left-out": [
            f"{name!r}: {count} objects" for name, count in objects.items() if name not in classes
        ],
        "class-without-object": [repr(name) for name in classes if not objects[name]],
        "wrong-label": [
            f"category {names[key]!r} becomes {classes[label]!r}; TinyCocoDataset sorts them right"
            for key, label in opened.labels.items()
            if names.get(key) != classes[label]
        ],
    }


def _images(records: Records, source: Source, files: Files) -> dict[str, list[str]]:
    """Check the image files; each faulty file comes once."""
    wrong_size = []
    for name, size in zip(records.file_names, records.image_sizes, strict=True):
        found = files.sizes.get(source.image_dir / name)
        if found is not None and tuple(size) != found:
            wrong_size.append(
                f"{source.image_dir / name}: {found[0]} x {found[1]} px, "
                f"annotated {size[0]:g} x {size[1]:g}"
            )
    return {
        "repeated-file": repeated_files(records.file_names, source.image_dir),
        "outside-folder": [repr(name) for name in records.file_names if leaves_folder(name)],
        "missing-image": [str(path) for path in files.missing],
        "unreadable-image": [f"{path}: {why}" for path, why in files.unreadable.items()],
        "image-size": wrong_size,
        "hidden-bands": [f"{path}: {header}" for path, header in files.hidden_bands.items()],
        **_depths(files, source.has_range),
    }


def _depths(files: Files, has_range: bool) -> dict[str, list[str]]:
    """Say what loading leaves of values of more than 8 bits, and what shows them whole."""
    found: dict[str, list[str]] = {"unloadable-image": []}
    for path, why in files.unloadable.items():
        if path in files.depths:
            advice = _propose_range(files, files.depths[path].dtype)
        elif "complex" in why:
            advice = "write it with real numbers, such as the magnitude"
        else:
            advice = "write it as PNG, or as TIFF with DEFLATE, of 1 or 3 bands"
        found["unloadable-image"].append(f"{path}: a {why}; {advice}")
    for path, depth in files.depths.items():
        kind = "lost-gray-levels" if depth.is_spoiled else "more-than-8-bits"
        if path in files.unloadable or (has_range and not depth.left < 2 <= depth.stored):
            continue
        line = (
            f"{path}: {depth.left} of {depth.stored} gray levels are left ({depth.dtype}, "
            f"{depth.low:.9g} to {depth.high:.9g}); {_propose_range(files, depth.dtype)}"
        )
        found.setdefault(kind, []).append(line)
    return found


def _propose_range(files: Files, dtype: str) -> str:
    """Return the loading step that shows all values of the files of a type."""
    alike = [depth for depth in files.depths.values() if depth.dtype == dtype]
    low, high = min(depth.low for depth in alike), max(depth.high for depth in alike)
    step = f'dict(type="LoadImageInRange", value_range=({low:.9g}, {high:.9g}))'
    return f"{step} shows all values"


def _loading(records: Records, source: Source, opened: Opened) -> dict[str, list[str]]:
    """Compare what the dataset holds after loading with what it should."""
    if opened.error is not None:
        return {"does-not-load": [opened.error]}
    left = sum(opened.boxes.values())
    due = int(records.usable(source.classes, opened.boxes).sum())
    name = type(source.dataset).__name__
    return {
        "no-object": [] if left else [f"{name} holds {len(opened.boxes)} images and no box"],
        "dropped-box": [f"{name} keeps {left} of {due} objects"] if left < due else [],
    }


def _repeated(counts: Counter, noun: str) -> list[str]:
    """Return a line for each key counted more than once."""
    return [f"{noun} {key!r}: {count} times" for key, count in counts.items() if count > 1]


def _boxes_where(records: Records, chosen: ndarray) -> list[str]:
    """Return a line for each chosen annotation, naming its file and box."""
    lines = []
    for index in np.flatnonzero(chosen):
        image = records.ann_images[index]
        name = records.file_names[image] if image >= 0 else "no image"
        box = ", ".join(f"{value:g}" for value in records.boxes[index])
        lines.append(f"annotation {records.ann_ids[index]} in {name}: [{box}]")
    return lines
