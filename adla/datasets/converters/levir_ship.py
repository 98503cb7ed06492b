"""LEVIR-Ship (tiny ships in satellite images) to COCO json, one file per split."""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..problems import raise_problems
from .coco_json import ImageRecord, coco_dict, split_summary, write_all
from .images import Writer, image_writers
from .levir_ship_layout import SPLITS, WHOLE, SplitFiles, find_layout, unpacked
from .levir_ship_read import CLASS_NAME, SplitReader

# Images and ships of the published data: README of github.com/WindVChen/LEVIR-Ship.
PUBLISHED = (3896, 3219)


@dataclass
class LEVIRShipReport:
    """What a conversion did.

    Args:
        layout: Which release was found: ``yolo``, ``coco`` or ``unpartitioned``.
        splits: Per split, the counts and sizes of :func:`.coco_json.split_summary`.
        notes: What was mended, what cannot be, and what to say beside published numbers.
    """

    layout: str
    splits: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def convert_levir_ship(
    sources: str | os.PathLike | Sequence[str | os.PathLike],
    out: str | os.PathLike,
    layout: str | None = None,
    seed: int = 0,
    drenet_compat: bool = False,
    copy: bool = False,
    progress: bool = True,
) -> LEVIRShipReport:
    """Convert LEVIR-Ship to ``out/annotations/<split>.json`` and ``out/images/<split>``.

    Boxes keep their fractions, ids count from 1, names are sorted, image sizes are those of the
    image files, images without a ship stay.

    Args:
        sources: Folder, zip archive, or several of them that belong together.
        out: Target folder; may be a source itself, then images stay where they are.
        layout: ``yolo``, ``coco`` or ``unpartitioned``; None takes the first that is there.
        seed: Of the 3:1:1 split of the unpartitioned release, stratified by with or without ship.
        drenet_compat: Cut the corners of boxes to whole pixels as the published COCO files do.
        copy: Copy the images instead of linking to them; those of archives are always copied.
        progress: Show a progress bar.

    Raises:
        FileNotFoundError: If there is no LEVIR-Ship in the sources.
        ValueError: If the data are wrong; one message names every file, nothing is written.
        FileExistsError: If ``out/images/<split>`` is there and is something else, or a folder
            is in the place of a json file.
    """
    given = [sources] if isinstance(sources, (str, os.PathLike)) else sources
    paths, out = [Path(source) for source in given], Path(out)
    with unpacked(paths, out.absolute().parent) as roots:
        found, files = find_layout(roots, layout)
        report = LEVIRShipReport(found)
        readers = {
            name: SplitReader(name, split, drenet_compat, progress) for name, split in files.items()
        }
        records = {name: reader.read() for name, reader in readers.items()}
        problems = [problem for reader in readers.values() for problem in reader.problems]
        raise_problems(problems, ", ".join(map(str, paths)))
        report.notes = [note for reader in readers.values() for note in reader.notes]
        copy = copy or any(not source.is_dir() for source in paths)
        _write(files, records, out, seed, drenet_compat, copy, report)
    return report


def _write(
    files: dict[str, SplitFiles],
    records: dict[str, list[ImageRecord]],
    out: Path,
    seed: int,
    drenet_compat: bool,
    copy: bool,
    report: LEVIRShipReport,
) -> None:
    """Write the json files and images, and complete the report."""
    images, writers = out / "images", dict[Path, Writer]()
    for name, split in files.items():
        if split.images is None or (images.exists() and images.samefile(split.images)):
            continue  # no image, or unpartitioned and in place already
        paths = {record.file_name: split.images / record.file_name for record in records[name]}
        writers |= image_writers(paths, images / name, copy)
        for record in records[name]:
            record.file_name = f"{name}/{record.file_name}"
    info: dict[str, str | int | bool] = {"release": report.layout, "whole_pixels": drenet_compat}
    if WHOLE in records:
        records = split_3_1_1(records[WHOLE], seed)
        info |= {"split": "3:1:1, stratified", "seed": seed, "comparable_with_published": False}
        report.notes.append(
            f"split 3:1:1 with seed {seed}: NOT comparable with published numbers, which are on "
            "the published partition"
        )
    cocos = {
        name: coco_dict(records[name], CLASS_NAME, f"LEVIR-Ship {name}", **info)
        for name in SPLITS
        if name in records
    }
    report.splits = {name: split_summary(coco) for name, coco in cocos.items()}
    _compare_with_published(report)
    write_all({out / "annotations" / f"{name}.json": coco for name, coco in cocos.items()}, writers)


def split_3_1_1(records: Sequence[ImageRecord], seed: int) -> dict[str, list[ImageRecord]]:
    """Split images 3:1:1 at random, those with and those without ships alike.

    The shares of train and val are rounded down, test takes the rest. Follows the published
    partition script, which has no seed.
    """
    rng = random.Random(seed)
    parts: dict[str, list[ImageRecord]] = {split: [] for split in SPLITS}
    for has_ship in (True, False):
        group = [record for record in records if bool(record.boxes) == has_ship]
        rng.shuffle(group)
        train, val = 3 * len(group) // 5, len(group) // 5
        parts["train"] += group[:train]
        parts["val"] += group[train : train + val]
        parts["test"] += group[train + val :]
    return {split: sorted(part, key=lambda r: r.file_name) for split, part in parts.items()}


def _compare_with_published(report: LEVIRShipReport) -> None:
    """Note splits that are not there and totals that are not the published ones."""
    absent = [split for split in SPLITS if split not in report.splits]
    if absent:
        report.notes.append(f"not there and not converted: {', '.join(absent)}")
        return
    rows = report.splits.values()
    totals = tuple(sum(row[key] for row in rows) for key in ("images", "boxes"))
    if totals != PUBLISHED:
        report.notes.append(
            "{} images and {} ships in all; published are {} and {}".format(*totals, *PUBLISHED)
        )
