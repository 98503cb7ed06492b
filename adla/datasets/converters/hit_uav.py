"""HIT-UAV (thermal images from a drone) to COCO json, split by scene."""

import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PIL import Image, ImageOps

from ..image_reading import open_picture
from ..problems import raise_problems
from .coco_json import split_summary, write_all
from .hit_uav_read import CLASSES, IGNORED, SPLITS, Frame, find_root, read_frames
from .images import check_free, image_writers
from .near_duplicates import SAME_SCENE, near_duplicate_share
from .report import tracked

# Frames of val, by their running number: five scenes, a fifth of the images. A scene is what lies
# between two breaks of 15 frames or more, so no two neighbors of a video are torn apart.
VAL_FRAMES = (
    range(0, 150),
    range(3280, 3808),
    range(4465, 4779),
    range(5751, 5761),
    range(8067, 9013),
)
PUBLISHED_FRAMES = 2898
SOURCE = "HIT-UAV, CC BY 4.0, github.com/suojiashun/HIT-UAV-Infrared-Thermal-Dataset"
JPEG_QUALITY = 90


@dataclass
class HITUAVReport:
    """What a conversion did.

    Args:
        splits: Per split, the counts and sizes of :func:`.coco_json.split_summary`.
        leaks: Per held-out split, the share of images with a near-duplicate in train.
        notes: What to know about the result.
    """

    splits: dict[str, dict[str, float]] = field(default_factory=dict)
    leaks: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def convert_hit_uav(
    src: str | os.PathLike,
    out: str | os.PathLike,
    scale: float = 1.0,
    published_split: bool = False,
    copy: bool = False,
    progress: bool = True,
) -> HITUAVReport:
    """Convert HIT-UAV to ``out/{train,val}.json`` and ``out/images``.

    Ids are the published ones plus 1. A box of ``DontCare`` becomes a crowd of every class: nothing
    that is found in it is a false alarm.

    Args:
        src: The published repository, or its folder ``normal_json``.
        out: Target folder.
        scale: Factor for the images, above 0 and at most 1; 0.5 averages 2 x 2 pixels.
        published_split: Keep train, val and test as published, which leak into each other.
        copy: Copy the images instead of linking them; scaled images are always written.
        progress: Show a progress bar.

    Raises:
        FileNotFoundError: If ``src`` is not laid out as HIT-UAV.
        ValueError: If the data are wrong; one message names every file, nothing is written.
        FileExistsError: If ``out/images`` is there and is something else, or a folder
            is in the place of a json file.
    """
    if not 0 < scale <= 1:
        raise ValueError(f"scale must be above 0 and at most 1, but got {scale}")
    src, images = Path(src), Path(out) / "images"
    if scale != 1:
        check_free(images)
    root, problems = find_root(src), list[str]()
    frames = read_frames(root, problems, progress)
    raise_problems(problems, root)
    parts = _split(frames, published_split)
    raise_problems([f"{name}: no frame of it" for name, part in parts.items() if not part], root)
    report = HITUAVReport(leaks=_leaks(parts))
    _add_notes(report, frames, published_split)
    cocos = _coco_files(parts, scale, "published" if published_split else "by scene")
    report.splits = {name: split_summary(coco) for name, coco in cocos.items()}
    if scale == 1:
        writers = image_writers({frame.path.name: frame.path for frame in frames}, images, copy)
    else:
        writers = {images: partial(_write_scaled, frames, scale, progress)}
    write_all({Path(out) / f"{name}.json": coco for name, coco in cocos.items()}, writers)
    return report


def _split(frames: list[Frame], published: bool) -> dict[str, list[Frame]]:
    if published:
        return {name: [frame for frame in frames if frame.split == name] for name in SPLITS}
    val = [any(frame.number in part for part in VAL_FRAMES) for frame in frames]
    return {
        "train": [frame for frame, held_out in zip(frames, val, strict=True) if not held_out],
        "val": [frame for frame, held_out in zip(frames, val, strict=True) if held_out],
    }


def _leaks(parts: dict[str, list[Frame]]) -> dict[str, float]:
    thumbnails = {name: [frame.thumbnail for frame in part] for name, part in parts.items()}
    return {
        name: near_duplicate_share(images, thumbnails["train"])
        for name, images in thumbnails.items()
        if name != "train"
    }


def _add_notes(report: HITUAVReport, frames: list[Frame], published: bool) -> None:
    shares = " and ".join(f"{share:.1%} of {name}" for name, share in report.leaks.items())
    text = f"{shares} have a training image whose thumbnail correlates above {SAME_SCENE}"
    if published:
        text = f"WARNING: the published split leaks: {text}; what is measured on it is too good"
    report.notes.append(text)
    if len(frames) != PUBLISHED_FRAMES:
        report.notes.append(f"{len(frames):,} frames; published are {PUBLISHED_FRAMES:,}")
    ignored = sum(category == len(CLASSES) for frame in frames for _, category, _ in frame.boxes)
    if ignored:
        report.notes.append(
            f"{ignored} boxes {IGNORED} are crowds of each of the {len(CLASSES)} classes"
        )


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return the whole size in pixels, at least 1 x 1, that an image is scaled to."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _write_scaled(frames: list[Frame], scale: float, progress: bool, folder: Path) -> None:
    """Write gray images at their new size: each pixel is the mean of those that it stands for."""
    folder.mkdir()
    for frame in tracked(frames, "Scaling HIT-UAV", progress):
        with open_picture(frame.path) as image:
            gray = ImageOps.exif_transpose(image).convert("L")
            small = gray.resize(scaled_size(frame.size, scale), Image.Resampling.BOX)
        small.save(folder / f"{frame.path.stem}.jpg", quality=JPEG_QUALITY)


def _coco_files(parts: dict[str, list[Frame]], scale: float, split: str) -> dict[str, dict]:
    """Build the json content of each split; ids are unique over all of them."""
    largest = max((box[0] for part in parts.values() for f in part for box in f.boxes), default=0)
    extra_id = largest + 1
    cocos = {}
    for name, part in parts.items():
        coco = _empty_coco(scale, split)
        for frame in part:
            coco["images"].append(_image_entry(frame, scale))
            for published_id, category, box in frame.boxes:
                entry = _annotation(published_id, frame, category, box, scale)
                coco["annotations"].append(entry)
                if category == len(CLASSES):
                    entry |= {"category_id": 1, "iscrowd": 1}
                    for other in range(2, len(CLASSES) + 1):
                        extra_id += 1
                        copied = entry | {"id": extra_id, "category_id": other}
                        coco["annotations"].append(copied)
        cocos[name] = coco
    return cocos


def _empty_coco(scale: float, split: str) -> dict:
    return {
        "info": {"source": SOURCE, "scale": scale, "split": split},
        "licenses": [],
        "categories": [{"id": i, "name": name} for i, name in enumerate(CLASSES, start=1)],
        "images": [],
        "annotations": [],
    }


def _image_entry(frame: Frame, scale: float) -> dict:
    width, height = scaled_size(frame.size, scale)
    name = frame.path.name if scale == 1 else f"{frame.path.stem}.jpg"
    return {
        "id": frame.id + 1,
        "file_name": f"images/{name}",
        "width": width,
        "height": height,
        "split": frame.split,
    }


def _annotation(published_id: int, frame: Frame, category: int, box: tuple, scale: float) -> dict:
    width, height = scaled_size(frame.size, scale)
    fx, fy = width / frame.size[0], height / frame.size[1]
    x, y, w, h = box[0] * fx, box[1] * fy, box[2] * fx, box[3] * fy
    return {
        "id": published_id + 1,
        "image_id": frame.id + 1,
        "category_id": category + 1,
        "bbox": [x, y, w, h],
        "area": w * h,
        "iscrowd": 0,
    }
