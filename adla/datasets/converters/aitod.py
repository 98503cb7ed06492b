"""AI-TOD and AI-TOD-v2: check a download and lay it out as the configs expect it."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from filecmp import cmp
from pathlib import Path

from ..image_reading import read_image_size
from ..problems import raise_problems
from .aitod_annotations import check_counts, read_version
from .aitod_files import config_name, find_annotations, find_images, known_names
from .aitod_leaks import is_crop, leaking_images, without_images
from .coco_json import split_summary, write_all
from .images import Writer, image_writers
from .report import tracked


@dataclass
class AITODReport:
    """What was found and laid out.

    Args:
        splits: Per annotation file written, the counts and sizes of
            :func:`.coco_json.split_summary`.
        notes: What a user must know of the data: order of classes, ids, odd boxes, leaks.
    """

    splits: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def prepare_aitod(
    src: str | os.PathLike,
    out: str | os.PathLike,
    drop_leaks: bool = False,
    any_count: bool = False,
    copy: bool = False,
    progress: bool = True,
) -> AITODReport:
    """Check AI-TOD, of either version or both, and lay it out under the names of the configs.

    Writes ``out/annotations/aitod_<split>_v1.json`` (v2: ``aitodv2_<split>.json``), annotation ids
    from 1, and ``out/images/<split>``. Trainval is put together from train and val where it is not
    there itself.

    Args:
        src: Folder of the download: annotation files under any public name, and images.
        out: Target folder; may be ``src`` itself.
        drop_leaks: Write also a test file without the images that share part of their scene with
            a trainval image, named ``..._no-leaks.json``.
        any_count: Accept numbers of images that are not the published ones.
        copy: Copy the images instead of linking to them.
        progress: Show a progress bar.

    Raises:
        FileNotFoundError: If ``src`` is no folder or has no annotation file of a known name.
        ValueError: If the data are wrong; one message names every file, nothing is written.
        FileExistsError: If an image folder of ``out`` is there and is something else, or a folder
            is in the place of a json file.
    """
    src, out = Path(src), Path(out)
    if not src.is_dir():
        raise FileNotFoundError(f"there is no folder {src}")
    problems: list[str] = []
    report = AITODReport()
    files = find_annotations(src, problems)
    if not files:
        names = ", ".join(known_names("v1", "test") + known_names("v2", "test"))
        raise FileNotFoundError(f"{src} has no AI-TOD annotations; looked for {names} and the like")
    cocos = {v: read_version(v, paths, report.notes, problems) for v, paths in files.items()}
    if not any_count:
        check_counts(cocos, problems)
    images = _find_all_images(src, cocos, problems, progress)
    raise_problems(problems, src)

    written = {}
    for version, splits in cocos.items():
        for split, coco in splits.items():
            written[out / "annotations" / config_name(version, split)] = coco
        leaky, reason = _find_leaks(version, splits, report)
        if drop_leaks:
            name = config_name(version, "test").replace(".json", "_no-leaks.json")
            written[out / "annotations" / name] = without_images(splits["test"], leaky, reason)
    report.splits = {path.name: split_summary(coco) for path, coco in written.items()}
    writers: dict[Path, Writer] = {}
    for split, paths in images.items():
        writers |= image_writers(paths, out / "images" / split, copy)
    write_all(written, writers)
    return report


def _find_all_images(
    src: Path, cocos: dict[str, dict[str, dict]], problems: list[str], progress: bool
) -> dict[str, dict[str, Path]]:
    """Find the image files of trainval and test, and of other splits that have a folder."""
    sizes: dict[str, dict[str, tuple[float, float]]] = {}
    for version, splits in cocos.items():
        for split, coco in splits.items():
            counts = Counter(image["file_name"] for image in coco["images"])
            problems += [
                f"{version} {split}: {name} is listed {count} times"
                for name, count in counts.items()
                if count > 1
            ]
            for image in coco["images"]:
                size = (image["width"], image["height"])
                if sizes.setdefault(split, {}).setdefault(image["file_name"], size) != size:
                    problems.append(f"{version} {split}: {image['file_name']} has two sizes")
    found = {}
    for split, wanted in sizes.items():
        folders = find_images(src, split)
        if folders or split in ("trainval", "test"):
            found[split] = _find_images(split, wanted, folders, problems, progress)
    return found


def _find_images(
    split: str, wanted: dict, folders: Sequence[Path], problems: list[str], progress: bool
) -> dict[str, Path]:
    """Find and measure the images of one split."""
    paths: dict[str, Path] = {}
    for folder in folders:
        for path in folder.iterdir():
            first = paths.setdefault(path.name, path)
            if path.name in wanted and not cmp(first, path, shallow=False):
                problems.append(f"{split}: {first} and {path} are two files of one name")
    absent = [name for name in wanted if name not in paths]
    crops = sum(is_crop(name) for name in absent)
    if crops:
        problems.append(
            f"{split}: {crops} of {len(absent)} absent images are crops of xView, which have to be "
            "made: run generate_aitod_imgs.py of github.com/jwwangchn/AI-TOD"
        )
    where = ", ".join(map(str, folders)) or f"no folder images/{split} or {split}/images"
    problems += [f"{split}: image {name} is not there ({where})" for name in absent]
    there = {name: paths[name] for name in wanted if name in paths}
    for name, path in tracked(there.items(), f"Reading {split} images", progress):
        try:
            size = read_image_size(path)
        except ValueError as error:
            problems.append(f"{path}: {error}")
            continue
        if size != wanted[name]:
            problems.append(f"{path}: is {size}, but {wanted[name]} in the annotations")
    return there


def _find_leaks(version: str, splits: dict[str, dict], report: AITODReport) -> tuple[dict, str]:
    """Find test images that show part of a trainval scene, and note how many."""
    test = splits["test"]
    leaks = leaking_images(splits["trainval"]["images"], test["images"])
    objects = sum(ann["image_id"] in leaks for ann in test["annotations"])
    unknown = sum(not is_crop(image["file_name"]) for image in test["images"])
    reason = (
        f"{len(leaks)} of {len(test['images'])} test images, with {objects} of "
        f"{len(test['annotations'])} objects, share part of their scene with a trainval image"
    )
    report.notes.append(f"{version}: {reason}; {unknown} file names do not tell their scene")
    return leaks, reason
