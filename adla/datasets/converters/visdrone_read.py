"""Read VisDrone-DET: one text file per image, ``x,y,w,h,score,category,truncation,occlusion``."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from ..image_reading import find_damage, read_image_size
from .coco_json import box_fault, number
from .images import index_images

CLASSES = (
    "pedestrian",
    "people",
    "bicycle",
    "car",
    "van",
    "truck",
    "tricycle",
    "awning-tricycle",
    "bus",
    "motor",
)
IGNORED_REGION, OTHERS = 0, 11
_FOLDERS = {
    "train": ("VisDrone2019-DET-train", "train"),
    "val": ("VisDrone2019-DET-val", "val"),
    "test": ("VisDrone2019-DET-test-dev", "test-dev", "test"),
}
Box = tuple[float, float, float, float]


@dataclass
class Regarded:
    """One image.

    Attributes:
        path: The file.
        size: Width and height in pixels.
        boxes: Category id from 1, whether it is a crowd, and ``(x, y, w, h)`` in pixels.
    """

    path: Path
    size: tuple[int, int]
    boxes: list[tuple[int, bool, Box]] = field(default_factory=list)


def find_splits(src: Path) -> dict[str, Path]:
    """Return the folder of each split that is there.

    Raises:
        FileNotFoundError: If there is none.
    """
    found: dict[str, Path] = {}
    for split, names in _FOLDERS.items():
        for folder in [src / name for name in names] + [src] * (src.name in names):
            if (folder / "images").is_dir() and (folder / "annotations").is_dir():
                found.setdefault(split, folder)
    if not found:
        wanted = ", ".join(names[0] for names in _FOLDERS.values())
        raise FileNotFoundError(
            f"{src} holds none of {wanted} with images/ and annotations/ in it: give the folder "
            "that the archives were unpacked in"
        )
    return found


class SplitReader:
    """Reads one split and keeps account of what was found.

    Args:
        name: Name of the split, for the notes.
        folder: The folder that holds ``images`` and ``annotations``.

    Attributes:
        problems: What makes the split unusable, one line per file or line.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.problems: list[str] = []
        self._regions = self._others = self._scored_0 = self._empty = 0
        self._overhangs: list[float] = []

    def stems(self) -> list[str]:
        """Return the names of images with their annotations, without suffix, in order."""
        self._images = index_images(self.folder / "images", self.problems)
        texts = {path.stem for path in (self.folder / "annotations").glob("*.txt")}
        for stem in sorted(texts - self._images.keys()):
            self._problem(f"annotations/{stem}.txt: no image of that name in images/")
        for stem in sorted(self._images.keys() - texts):
            self._problem(f"images/{self._images[stem].name}: no annotations/{stem}.txt")
        if not self._images:
            self._problem("images/: no image in it")
        return sorted(texts & self._images.keys())

    def read(self, stem: str) -> Regarded | None:
        """Read one image and its boxes; None, with a problem, if that cannot be done."""
        path = self._images[stem]
        try:
            if damage := find_damage(path):
                raise ValueError(f"not a whole image ({damage})")
            record = Regarded(path, read_image_size(path))
        except ValueError as error:
            self._problem(f"images/{path.name}: {error}")
            return None
        try:
            lines = self._lines(stem)
        except ValueError as error:
            self._problem(str(error))
            return None
        for index, line in enumerate(lines, start=1):
            if line.strip():
                self._read_line(line, f"annotations/{stem}.txt, line {index}", record)
        return record

    def notes(self) -> list[str]:
        """Say what is ignored and what was mended."""
        counts = {
            "ignored regions": self._regions,
            "objects of no class (others)": self._others,
            "objects with a score of 0": self._scored_0,
        }
        crowds = [f"{count} {what}" for what, count in counts.items() if count]
        texts = [f"{', '.join(crowds)} are crowds"] if crowds else []
        if self._empty:
            texts.append(f"{self._empty} boxes without width or height left out")
        if self._overhangs:
            texts.append(
                f"{len(self._overhangs)} boxes left their image by up to "
                f"{max(self._overhangs):g} px and were cut at its border"
            )
        return [f"{self.name}: {text}" for text in texts]

    def _problem(self, text: str) -> None:
        self.problems.append(f"{self.folder.name}/{text}")

    def _lines(self, stem: str) -> list[str]:
        path = self.folder / "annotations" / f"{stem}.txt"
        try:
            return path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"annotations/{stem}.txt: not a text file ({error})") from error

    def _read_line(self, line: str, where: str, record: Regarded) -> None:
        """Read one line; some of the published ones end with a comma."""
        try:
            x, y, w, h, score, category, _, _ = map(number, line.strip().rstrip(",").split(","))
        except ValueError:
            self._problem(f"{where}: {line[:80]!r} is not eight numbers with commas")
            return
        if category not in range(OTHERS + 1) or score not in (0, 1):
            self._problem(
                f"{where}: category {category:g} and score {score:g}, but there are 0 to {OTHERS} "
                "and 0 and 1: are these the annotations of DET?"
            )
            return
        if w == 0 or h == 0:
            self._empty += 1
            return
        box = self._cut((x, y, w, h), record.size)
        fault = box_fault((x, y, w, h), record.size, overhang=math.inf)
        if not fault and min(box[2:]) <= 0:
            fault = f"lies outside its image of {record.size}"
        if fault:
            self._problem(f"{where}: box {(x, y, w, h)} {fault}")
            return
        self._add(int(category), bool(score), box, record)

    def _cut(self, box: Box, size: tuple[int, int]) -> Box:
        """Return the part of a box in its image, and note by how much it was beyond."""
        x, y, w, h = box
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + w, size[0]), min(y + h, size[1])
        if (left, top, right, bottom) == (x, y, x + w, y + h):
            return box
        if right > left and bottom > top:
            self._overhangs.append(max(left - x, top - y, x + w - right, y + h - bottom))
        return (left, top, right - left, bottom - top)

    def _add(self, category: int, scored: bool, box: Box, record: Regarded) -> None:
        if category in (IGNORED_REGION, OTHERS):
            self._regions += category == IGNORED_REGION
            self._others += category == OTHERS
            record.boxes += [(one, True, box) for one in range(1, len(CLASSES) + 1)]
        else:
            self._scored_0 += not scored
            record.boxes.append((category, not scored, box))
