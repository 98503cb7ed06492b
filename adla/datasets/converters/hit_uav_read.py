"""Read HIT-UAV as its repository has it: ``normal_json`` with keys of its own, ids from 0."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as short
from typing import Any

from PIL import ImageOps

from ..coco_file import coco_problems, read_json
from ..image_reading import open_picture
from .coco_json import box_fault
from .near_duplicates import thumbnail
from .report import tracked

CLASSES = ("Person", "Car", "Bicycle", "OtherVehicle")
IGNORED = "DontCare"
SPLITS = ("train", "val", "test")
_CATEGORIES = {index: name for index, name in enumerate((*CLASSES, IGNORED))}
# The repository has had both names for the file of val.
_FILES = {split: (f"{split}.json", f"instances_{split}.json") for split in SPLITS}


@dataclass
class Frame:
    """One image as published.

    Attributes:
        id: Published id, from 0.
        path: The image file.
        size: Width and height in pixels.
        split: Published split.
        boxes: Published annotation id, category id, and ``(x, y, w, h)`` in pixels.
        thumbnail: What near-duplicates are found by.
    """

    id: int
    path: Path
    size: tuple[int, int]
    split: str
    boxes: list[tuple[int, int, tuple[float, float, float, float]]] = field(default_factory=list)
    thumbnail: Any = None

    @property
    def number(self) -> int:
        """The running number of the frame, the last part of its name."""
        return int(self.path.stem.rpartition("_")[2])


def find_root(src: Path) -> Path:
    """Return the folder ``normal_json`` of a download.

    Raises:
        FileNotFoundError: If it is not there.
    """
    for root in (src / "normal_json", src):
        if (root / "annotations").is_dir():
            return root
    raise FileNotFoundError(
        f"{src} holds no normal_json/annotations: give the folder of the repository "
        "HIT-UAV-Infrared-Thermal-Dataset, which has normal_json/{annotations,train,val,test}"
    )


def read_frames(root: Path, problems: list[str], progress: bool) -> list[Frame]:
    """Read all images of the three splits with their boxes, in the order of their ids.

    Args:
        root: The folder ``normal_json``.
        problems: Takes one line for each thing that is wrong.
        progress: Show a progress bar.
    """
    frames: list[Frame] = []
    for split in SPLITS:
        frames += _read_split(root, split, problems)
    _check_unique(frames, problems)
    if not problems:
        for frame in tracked(frames, "Reading HIT-UAV", progress):
            _check_image(frame, problems)
    return sorted(frames, key=lambda frame: frame.id)


def _read_split(root: Path, split: str, problems: list[str]) -> list[Frame]:
    files = [root / "annotations" / name for name in _FILES[split]]
    file = next((path for path in files if path.is_file()), files[0])
    found: list[str] = []
    content = _read_file(file, found)
    problems += [f"annotations/{file.name}: {problem}" for problem in found]
    if found:
        return []
    frames = {
        image["id"]: Frame(
            image["id"],
            root / split / image["file_name"],
            (image["width"], image["height"]),
            split,
        )
        for image in content["images"]
    }
    for ann in content["annotations"]:
        frame, box = frames[ann["image_id"]], tuple(ann["bbox"])
        if fault := box_fault(box, frame.size):
            problems.append(f"annotations/{file.name}: box {box} of {frame.path.name} {fault}")
        frame.boxes.append((ann["id"], ann["category_id"], box))
    return list(frames.values())


def _read_file(file: Path, problems: list[str]) -> dict[str, Any]:
    """Read one json file into COCO's own keys, and list what is wrong with it."""
    try:
        content = read_json(file)
    except FileNotFoundError:
        problems.append("is not there")
        return {}
    except ValueError as error:
        problems.append(str(error))
        return {}
    images = content.get("images") if isinstance(content, dict) else None
    annotations = content.get("annotation") if isinstance(content, dict) else None
    if not (isinstance(images, list) and isinstance(annotations, list)):
        problems.append(
            'no lists "images" and "annotation": this is not the published json of normal_json'
        )
        return {}
    if any(isinstance(ann, dict) and _is_oriented(ann.get("bbox")) for ann in annotations):
        problems.append("boxes of five numbers, with an angle: give normal_json, not rotate_json")
        return {}
    coco = {
        "images": [_renamed(image) for image in images],
        "annotations": annotations,
        "categories": content.get("categories"),
    }
    problems += coco_problems(coco)
    if not problems:
        problems += _check_published(coco)
    return coco


def _is_oriented(box: Any) -> bool:
    return isinstance(box, list) and len(box) == 5


def _renamed(image: Any) -> Any:
    """Return an image entry with COCO's key for its name."""
    return dict(image, file_name=image.get("filename")) if isinstance(image, dict) else image


def _check_published(coco: dict[str, Any]) -> list[str]:
    """List what sound COCO may have and HIT-UAV has not."""
    problems = []
    categories = {category["id"]: category["name"] for category in coco["categories"]}
    if categories != _CATEGORIES:
        problems.append(f"categories {short(categories)}, but published are {_CATEGORIES}")
    for key in ("images", "annotations"):
        wrong = [one["id"] for one in coco[key] if not (type(one["id"]) is int and one["id"] >= 0)]
        problems += [f"{key}: id {short(value)} is no whole number from 0 on" for value in wrong]
    for image in coco["images"]:
        name = image["file_name"]
        if Path(name).name != name or not Path(name).stem.rpartition("_")[2].isdecimal():
            problems.append(f"{short(name)} is no name such as 1_130_90_0_04077.jpg")
    return problems


def _check_unique(frames: list[Frame], problems: list[str]) -> None:
    """Check that no image, id or frame number is in two places, also across the splits."""
    ids: dict[str, list[Any]] = {
        "image": [frame.path.stem for frame in frames],
        "image id": [frame.id for frame in frames],
        "annotation id": [box[0] for frame in frames for box in frame.boxes],
    }
    for what, values in ids.items():
        twice = sorted(value for value, count in Counter(values).items() if count > 1)
        problems += [f"annotations/: {what} {value} is there more than once" for value in twice]


def _check_image(frame: Frame, problems: list[str]) -> None:
    """Check that the image is whole and has the stated size, and make its thumbnail."""
    where = f"{frame.split}/{frame.path.name}"
    try:
        with open_picture(frame.path) as image:
            upright = ImageOps.exif_transpose(image)
            frame.thumbnail, size = thumbnail(upright), upright.size
    except FileNotFoundError:
        problems.append(f"{where}: is not there")
    except Exception as error:  # Pillow has no common class for what damaged files raise
        problems.append(f"{where}: not a whole image ({error})")
    else:
        if size != frame.size:
            problems.append(f"{where}: is {size} pixels, but its annotation says {frame.size}")
