"""SIRST-V2 (infrared small targets) to COCO json, one file per split."""

import os
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..image_reading import read_image_size
from ..problems import raise_problems
from .coco_json import ImageRecord, box_fault, coco_dict, number, split_summary, write_all
from .images import image_writers, mask_extents
from .report import tracked

CLASS_NAME = "Target"
# Images whose box is known to be wrong in the published files; the mask shows the target.
KNOWN_WRONG_BOXES = ("Misc_111",)


@dataclass
class SIRSTV2Report:
    """What a conversion did.

    Args:
        splits: Per split, the counts and sizes of :func:`.coco_json.split_summary`.
        skipped: Per split that was not converted, the reason.
        contradictions: Per image whose boxes are not the extents of its mask, both.
        mended: Images whose boxes were replaced by the extents of their mask.
    """

    splits: dict[str, dict[str, float]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    contradictions: dict[str, str] = field(default_factory=dict)
    mended: list[str] = field(default_factory=list)


def convert_sirst_v2(
    src: str | os.PathLike,
    out: str | os.PathLike,
    splits: Sequence[str] | None = None,
    fix_known: bool = False,
    copy: bool = False,
    progress: bool = True,
) -> SIRSTV2Report:
    """Convert SIRST-V2 to COCO json: ``out/annotations/<split>.json`` and ``out/mixed``.

    Boxes become ``[xmin - 1, ymin - 1, xmax - xmin, ymax - ymin]``: the XML is 1-based with an
    exclusive maximum. Images without a ``<bndbox>`` are negatives and stay.

    Args:
        src: Root of the published data: ``mixed/``, ``annotations/bboxes/``, ``splits/``.
        out: Target folder; may be ``src`` itself, then only the json files are added.
        splits: Names of split files; None takes every split whose images are all there.
        fix_known: Replace the boxes of :data:`KNOWN_WRONG_BOXES` by the extents of their masks.
        copy: Copy the images instead of linking ``out/mixed`` to ``src/mixed``.
        progress: Show a progress bar.

    Raises:
        FileNotFoundError: If ``src`` is not laid out as SIRST-V2.
        ValueError: If the data are wrong; one message names every file, nothing is written.
        FileExistsError: If ``out/mixed`` is there and is something else, or a folder
            is in the place of a json file.
    """
    src, out = Path(src), Path(out)
    _check_layout(src)
    report = SIRSTV2Report()
    problems: list[str] = []
    names = _read_splits(src, splits, report.skipped, problems)
    stems = sorted(set().union(*names.values()))
    records = {}
    for stem in tracked(stems, "Reading SIRST-V2", progress):
        record = _read_image(src, stem, fix_known, report, problems)
        if record is not None:
            records[stem] = record
    raise_problems(problems, src)

    cocos = {
        split: coco_dict((records[s] for s in stems), CLASS_NAME, f"SIRST-V2 {split}")
        for split, stems in names.items()
    }
    report.splits = {split: split_summary(coco) for split, coco in cocos.items()}
    files = {record.file_name: src / "mixed" / record.file_name for record in records.values()}
    write_all(
        {out / "annotations" / f"{split}.json": coco for split, coco in cocos.items()},
        image_writers(files, out / "mixed", copy),
    )
    return report


def _check_layout(src: Path) -> None:
    """Check that the folders of SIRST-V2 are there."""
    missing = [d for d in ("mixed", "annotations/bboxes", "splits") if not (src / d).is_dir()]
    if missing:
        raise FileNotFoundError(
            f"{src} is not a SIRST-V2 root: no folder {', '.join(missing)}. "
            "Give the folder that holds mixed/, annotations/ and splits/."
        )


def _read_splits(
    src: Path, splits: Sequence[str] | None, skipped: dict[str, str], problems: list[str]
) -> dict[str, list[str]]:
    """Read the names of each split; with ``splits=None``, skip those that miss images."""
    available = {path.stem: path for path in sorted((src / "splits").glob("*.txt"))}
    images = {path.name for path in (src / "mixed").iterdir()}
    names = {}
    for split in available if splits is None else dict.fromkeys(splits):
        if split not in available:
            problems.append(f"splits/{split}.txt: no such split; there are {', '.join(available)}")
            continue
        try:
            stems = available[split].read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"splits/{split}.txt: not a text file ({error})")
            continue
        stems = [stem.strip() for stem in stems if stem.strip()]
        absent = [stem for stem in stems if f"{stem}.png" not in images]
        if not stems:
            problems.append(f"splits/{split}.txt: names no image")
        elif absent and splits is None:
            skipped[split] = f"{len(absent)} of {len(stems)} images absent, first {absent[0]}.png"
        else:
            problems += [f"mixed/{s}.png: absent, named in splits/{split}.txt" for s in absent]
            twice = [stem for stem, count in Counter(stems).items() if count > 1]
            problems += [f"splits/{split}.txt: {stem} is named more than once" for stem in twice]
            names[split] = sorted(set(stems) - set(absent))
    if not names and not problems:
        problems += [f"splits/{split}.txt: {reason}" for split, reason in skipped.items()]
        problems.append("splits/: no split has all its images in mixed/")
    return names


def _read_image(
    src: Path, stem: str, fix_known: bool, report: SIRSTV2Report, problems: list[str]
) -> ImageRecord | None:
    """Read one image's size and boxes, and compare the boxes with the mask if there is one."""
    image = src / "mixed" / f"{stem}.png"
    mask = src / "annotations" / "masks" / f"{stem}_pixels0.png"
    must_mend = fix_known and stem in KNOWN_WRONG_BOXES
    try:
        record = ImageRecord(image.name, *read_image_size(image))
    except ValueError as error:
        problems.append(f"mixed/{image.name}: {error}")
        return None
    record.boxes = _read_boxes(src, stem, (record.width, record.height), problems)
    if not mask.is_file():
        if must_mend:
            problems.append(f"annotations/masks/{mask.name}: absent, needed to mend {stem}")
        return record
    try:
        extents = mask_extents(mask)
    except ValueError as error:
        problems.append(f"annotations/masks/{mask.name}: {error}")
        return record
    if sorted(extents) != sorted(record.boxes):
        report.contradictions[stem] = f"boxes {record.boxes}, mask {extents} (x, y, w, h)"
        if must_mend:
            record.boxes = extents
            report.mended.append(stem)
    return record


def _read_boxes(
    src: Path, stem: str, image_size: tuple[int, int], problems: list[str]
) -> list[tuple[float, float, float, float]]:
    """Read the boxes of one XML file as ``(x, y, w, h)``; what is wrong goes into ``problems``."""
    where = f"annotations/bboxes/{stem}.xml"
    try:
        root = ET.parse(src / where).getroot()
    except FileNotFoundError:
        problems.append(f"{where}: absent")
        return []
    except (ET.ParseError, ValueError, LookupError, OSError) as error:
        problems.append(f"{where}: broken XML ({error})")
        return []
    size = (root.findtext("size/width"), root.findtext("size/height"))
    if size != tuple(map(str, image_size)):
        problems.append(f"{where}: size {size} but the image is {image_size}")
    boxes = []
    for obj in root.iter("object"):
        if obj.findtext("name") != CLASS_NAME:
            problems.append(f"{where}: unknown class {obj.findtext('name')!r}, not {CLASS_NAME!r}")
        bndbox = obj.find("bndbox")
        if bndbox is not None:
            boxes += _read_box(bndbox, image_size, where, problems)
    return boxes


def _read_box(
    bndbox: ET.Element, image_size: tuple[int, int], where: str, problems: list[str]
) -> list[tuple[float, float, float, float]]:
    """Read one ``<bndbox>``: 1-based, maxima exclusive."""
    texts = [bndbox.findtext(key, "") for key in ("xmin", "ymin", "xmax", "ymax")]
    try:
        xmin, ymin, xmax, ymax = (number(text) for text in texts)
    except (TypeError, ValueError):
        problems.append(f"{where}: box {texts} is not four numbers")
        return []
    box = (xmin - 1, ymin - 1, xmax - xmin, ymax - ymin)
    if fault := box_fault(box, image_size):
        problems.append(f"{where}: box {texts} {fault}")
        return []
    return [box]
