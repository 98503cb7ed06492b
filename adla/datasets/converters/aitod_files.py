"""The files of AI-TOD and AI-TOD-v2 under the names that are in use for them."""

from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("v1", "v2")
SPLITS = ("train", "val", "trainval", "test")
#: Number of images of each split, in both versions.
NUM_IMAGES = {"train": 11214, "val": 2804, "trainval": 14018, "test": 14018}
# The first name of a version is the one that configs use. v1: the download, its archive, the
# configs of mmdet-rfla and mmdet-aitod, of NWD. v2: the download, the same configs, a mirror.
_NAMES = {
    "v1": (
        "aitod_{}_v1.json",
        "aitod_{}.json",
        "small_{}_v1_1.0.json",
        "aitod_{}_v1_1.0.json",
        "aitod_{}_v1.0.json",
    ),
    "v2": (
        "aitodv2_{}.json",
        "small_{}_v2_2.0.json",
        "small_{}_v2_3.0.json",
        "{}_v2.json",
    ),
}
_LONG = {"train": "training", "val": "validation"}
_IMAGE_FOLDERS = ("images/{}", "{}/images", "{}", "images/{}/images")


def config_name(version: str, split: str) -> str:
    """Return the file name that the configs use."""
    return _NAMES[version][0].format(split)


def known_names(version: str, split: str) -> list[str]:
    """Return every name in use for an annotation file, that of the configs first."""
    words = [split, *filter(None, [_LONG.get(split)])]
    return [name.format(word) for name in _NAMES[version] for word in words]


def find_annotations(src: Path, problems: list[str]) -> dict[str, dict[str, Path]]:
    """Find the annotation files in a folder or in the folders in it.

    Returns:
        Per version of which there is any file, the file of each split.
    """
    folders = _with_subfolders(src)
    found: dict[str, dict[str, Path]] = {}
    for version in VERSIONS:
        for split in SPLITS:
            paths = [f / name for f in folders for name in known_names(version, split)]
            paths = [path for path in paths if path.is_file()]
            different = [p for p in paths[1:] if p.read_bytes() != paths[0].read_bytes()]
            if different:
                problems.append(
                    f"{paths[0]} and {different[0]} are both {split} of {version}, "
                    "but differ: remove one"
                )
            if paths:
                found.setdefault(version, {})[split] = paths[0]
    return found


def find_images(src: Path, split: str) -> list[Path]:
    """Find the folders that hold the images of a split; of trainval also those of its parts."""
    folders = list(_image_folders(src, split))
    if split == "trainval":
        folders += [*_image_folders(src, "train"), *_image_folders(src, "val")]
    return list(dict.fromkeys(folders))


def _image_folders(src: Path, split: str) -> Iterator[Path]:
    for folder in _with_subfolders(src):
        for name in _IMAGE_FOLDERS:
            if (folder / name.format(split)).is_dir():
                yield folder / name.format(split)


def _with_subfolders(src: Path) -> list[Path]:
    return [src, *(path for path in sorted(src.iterdir()) if path.is_dir())]
