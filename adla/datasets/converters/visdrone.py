"""VisDrone-DET (images from drones, ten classes) to COCO json, one file per split."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..problems import raise_problems
from .coco_json import split_summary, write_all
from .images import Writer, image_writers
from .report import tracked
from .visdrone_read import CLASSES, Regarded, SplitReader, find_splits


@dataclass
class VisDroneReport:
    """What a conversion did.

    Args:
        splits: Per split, the counts and sizes of :func:`.coco_json.split_summary`.
        notes: What is ignored, and what was mended.
    """

    splits: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def convert_visdrone(
    src: str | os.PathLike,
    out: str | os.PathLike,
    copy: bool = False,
    progress: bool = True,
) -> VisDroneReport:
    """Convert VisDrone-DET to ``out/annotations/<split>.json`` and ``out/images/<split>``.

    An ignored region (category 0) and an object of none of the ten classes (11) are crowds of every
    class; an object with a score of 0 is a crowd of its own. What is found there is no false alarm.

    Args:
        src: Folder with ``VisDrone2019-DET-train`` and the like, or one of them.
        out: Target folder.
        copy: Copy the images instead of linking to them.
        progress: Show a progress bar.

    Raises:
        FileNotFoundError: If there is no split in ``src``.
        ValueError: If the data are wrong; one message names every file, nothing is written.
        FileExistsError: If ``out/images/<split>`` is there and is something else, or a folder
            is in the place of a json file.
    """
    src, out, report = Path(src), Path(out), VisDroneReport()
    splits = find_splits(src)
    readers = {split: SplitReader(split, folder) for split, folder in splits.items()}
    records = {}
    for split, reader in readers.items():
        stems = tracked(reader.stems(), f"Reading {split}", progress)
        records[split] = [record for record in map(reader.read, stems) if record is not None]
    raise_problems([problem for one in readers.values() for problem in one.problems], src)
    images: dict[Path, Writer] = {}
    for split, part in records.items():
        files = {record.path.name: record.path for record in part}
        images |= image_writers(files, out / "images" / split, copy)
    cocos = {split: _coco_file(split, part) for split, part in records.items()}
    write_all(
        {out / "annotations" / f"{split}.json": coco for split, coco in cocos.items()}, images
    )
    report.splits = {split: split_summary(coco) for split, coco in cocos.items()}
    report.notes = [note for reader in readers.values() for note in reader.notes()]
    return report


def _coco_file(split: str, records: list[Regarded]) -> dict:
    """Build the json content of a split; ids count from 1."""
    images: list[dict] = []
    annotations: list[dict] = []
    for image_id, record in enumerate(records, start=1):
        images.append(
            {
                "id": image_id,
                "file_name": f"{split}/{record.path.name}",
                "width": record.size[0],
                "height": record.size[1],
            }
        )
        for category, crowd, box in record.boxes:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": category,
                    "bbox": list(box),
                    "area": box[2] * box[3],
                    "iscrowd": int(crowd),
                }
            )
    return {
        "info": {"source": f"VisDrone-DET {split}, github.com/VisDrone/VisDrone-Dataset"},
        "licenses": [],
        "categories": [{"id": i, "name": name} for i, name in enumerate(CLASSES, start=1)],
        "images": images,
        "annotations": annotations,
    }
