"""Read a split of LEVIR-Ship, from YOLO labels or from the COCO release."""

from collections import defaultdict
from pathlib import Path

from ..coco_file import is_finite, read_coco
from ..image_reading import read_image_size
from .coco_json import ImageRecord, box_fault, number
from .images import index_images
from .levir_ship_layout import SplitFiles
from .report import tracked

CLASS_NAME = "ship"
# YOLO labels are rounded, so a box at the border may leave the image by a fraction of a pixel.
# Less than six decimals of a label can say is not worth a note.
MAX_OVERHANG, NOTED_OVERHANG = 1.0, 1e-3


class SplitReader:
    """Reads one split and keeps account of what was found.

    Args:
        name: Name of the split, for the notes.
        files: Its files.
        truncate: Cut corners to whole pixels, as the published script for COCO does.
        progress: Show a progress bar.

    Attributes:
        problems: What makes the split unusable, one line per file.
        notes: What was mended, and what cannot be.
    """

    def __init__(self, name: str, files: SplitFiles, truncate: bool, progress: bool) -> None:
        self.name = name
        self.files = files
        self.truncate = truncate
        self.progress = progress
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._overhangs: list[float] = []

    def read(self) -> list[ImageRecord]:
        """Return the images in the order of their names, with their boxes."""
        if self.files.images is None:
            self.problems.append(f"{self.files.annotations}: found no folder with its images")
            return []
        self.images = index_images(self.files.images, self.problems)
        if not self.images:
            self.problems.append(f"{self.files.images}: no image in it")
        read = self._read_yolo if self.files.annotations.is_dir() else self._read_coco
        records = read()
        if self._overhangs:
            self._note(
                f"{len(self._overhangs)} boxes left their image by up to "
                f"{max(self._overhangs):.2g} px and were cut at its border"
            )
        return records

    def _note(self, text: str) -> None:
        self.notes.append(f"{self.name}: {text}")

    def _record(self, path: Path) -> ImageRecord | None:
        try:
            return ImageRecord(path.name, *read_image_size(path))
        except ValueError as error:
            self.problems.append(f"{path}: {error}")
            return None

    def _add_box(self, record: ImageRecord, box: tuple, where: str) -> None:
        """Add a box ``(x, y, w, h)`` to its image if nothing is wrong with it."""
        size = (record.width, record.height)
        fault = box_fault(box, size, MAX_OVERHANG)
        if fault:
            self.problems.append(f"{where}: box {box} {fault}")
            return
        x, y, w, h = box
        if box_fault(box, size):
            left, top = max(x, 0), max(y, 0)
            right, bottom = min(x + w, size[0]), min(y + h, size[1])
            overhang = max(left - x, top - y, x + w - right, y + h - bottom)
            if overhang > NOTED_OVERHANG:
                self._overhangs.append(overhang)
            x, y, w, h = left, top, right - left, bottom - top
        if self.truncate:
            w, h = int(x + w) - int(x), int(y + h) - int(y)
            x, y = int(x), int(y)
        if w > 0 and h > 0:
            record.boxes.append((x, y, w, h))
        else:
            self.problems.append(f"{where}: nothing is left of box {box}")

    def _read_yolo(self) -> list[ImageRecord]:
        """Read labels ``0 xc yc w h``, normalized; no label file and an empty one are negatives."""
        labels = {path.stem: path for path in sorted(self.files.annotations.glob("*.txt"))}
        for stem in sorted(labels.keys() - self.images.keys()):
            self.problems.append(f"{labels[stem]}: no image of that name in {self.files.images}")
        records = []
        for stem, path in tracked(self.images.items(), f"Reading {self.name}", self.progress):
            record = self._record(path)
            if record is None:
                continue
            records.append(record)
            if stem in labels:
                self._read_label(labels[stem], record)
        if absent := len(self.images.keys() - labels.keys()):
            self._note(f"{absent} images have no label file and are taken as negatives")
        return records

    def _read_label(self, path: Path, record: ImageRecord) -> None:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{path}: not a text file ({error})")
            return
        for index, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{path}, line {index}"
            try:
                label, xc, yc, w, h = map(number, line.split())
            except ValueError:
                self.problems.append(f"{where}: {line[:80]!r} is not `0 xc yc w h`")
                continue
            if label != 0:
                self.problems.append(
                    f"{where}: class {label:g}, but there is only 0 ({CLASS_NAME})"
                )
            elif max(abs(xc), abs(yc), w, h) > 1:
                self.problems.append(f"{where}: {line[:80]!r} is not normalized to [0, 1]")
            else:
                size = (record.width, record.height)
                box = ((xc - w / 2) * size[0], (yc - h / 2) * size[1], w * size[0], h * size[1])
                self._add_box(record, box, where)

    def _read_coco(self) -> list[ImageRecord]:
        """Read the COCO release: new ids and areas, what was cut to whole pixels stays so."""
        source = self.files.annotations
        coco, faults = read_coco(source)
        self.problems += [f"{source}: {fault}" for fault in faults]
        if faults:
            return []
        names = [category["name"] for category in coco["categories"]]
        if names != [CLASS_NAME]:
            self.problems.append(f"{source}: categories {names}, but there is only {CLASS_NAME!r}")
        annotations = defaultdict(list)
        for ann in coco["annotations"]:
            annotations[ann["image_id"]].append(ann)
        records = {}
        for image in tracked(coco["images"], f"Reading {self.name}", self.progress):
            stem = Path(image["file_name"].replace("\\", "/")).stem
            if stem in records:
                self.problems.append(f"{source}: image {stem} is there more than once")
            else:
                records[stem] = self._read_coco_image(stem, image, annotations[image["id"]])
        if not self.problems:
            self._note_faults(coco)
        if unlisted := len(self.images.keys() - records.keys()):
            self._note(f"{unlisted} images of {self.files.images} are not in {source.name}")
        return [record for _, record in sorted(records.items()) if record is not None]

    def _read_coco_image(
        self, stem: str, image: dict, annotations: list[dict]
    ) -> ImageRecord | None:
        source = self.files.annotations
        if stem not in self.images:
            self.problems.append(f"{source}: image {stem} is not in {self.files.images}")
            return None
        record = self._record(self.images[stem])
        if record is None:
            return None
        size = (record.width, record.height)
        if (image["width"], image["height"]) != size:
            stated = (image["width"], image["height"])
            self.problems.append(f"{source}: {stem} is {stated} there, but the image is {size}")
        for ann in annotations:
            where = f"{source}: annotation {ann['id']} of {stem}"
            if not all(map(is_finite, ann["bbox"])):
                self.problems.append(f"{where}: box {ann['bbox']} is not finite")
            elif ann.get("iscrowd", 0) or ann.get("ignore", 0):
                self.problems.append(f"{where}: is marked crowd or ignore, which no ship is")
            else:
                self._add_box(record, tuple(ann["bbox"]), where)
        return record

    def _note_faults(self, coco: dict) -> None:
        """Say which known faults of the published COCO files are there."""
        annotations = coco["annotations"]
        if any(entry["id"] == 0 for key in ("images", "annotations") for entry in coco[key]):
            self._note("ids counted from 0; they count from 1 now")
        wrong, inclusive = 0, 0
        for ann in annotations:
            w, h = ann["bbox"][2:]
            area = ann.get("area", 0)
            wrong += not abs(area - w * h) <= 1e-3 * w * h
            inclusive += area == (w + 1) * (h + 1) != w * h
        if wrong:
            self._note(
                f"{wrong} of {len(annotations)} areas were wrong, {inclusive} of them "
                "(w + 1)(h + 1); now w * h"
            )
        if annotations and all(float(v).is_integer() for ann in annotations for v in ann["bbox"]):
            self._note(
                "all boxes are whole pixels: cut, by up to 1 px a side, which this file cannot "
                "undo; the YOLO release has the fractions"
            )
