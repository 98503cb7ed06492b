"""Where the files of LEVIR-Ship lie: the three ways in which it is published, packed or not."""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "val", "test")
LAYOUTS = ("yolo", "coco", "unpartitioned")
#: The split of the unpartitioned release before it is partitioned.
WHOLE = "all"
_SPLIT_FOLDERS = {"train": ("train",), "val": ("val", "valid"), "test": ("test",)}
_WHOLE_FOLDERS = (("All_images", "All_labels"), ("images", "labels"))


@dataclass
class SplitFiles:
    """The files of one split.

    Args:
        images: Folder of the images; None if none was found.
        annotations: Folder of the YOLO labels, or the COCO json.
    """

    images: Path | None
    annotations: Path


@contextmanager
def unpacked(sources: Sequence[Path], work_dir: Path) -> Iterator[list[Path]]:
    """Give the folders to look in: the sources, zip archives unpacked side by side for a while.

    Args:
        sources: Folders and zip archives.
        work_dir: Folder in which a temporary folder is made for the archives.

    Raises:
        FileNotFoundError: If a source does not exist.
        ValueError: If a source is neither a folder nor a whole zip archive.
    """
    absent = [str(source) for source in sources if not source.exists()]
    if absent:
        raise FileNotFoundError(f"there is no {', '.join(absent)}")
    roots = [source for source in sources if source.is_dir()]
    archives = [source for source in sources if not source.is_dir()]
    if not archives:
        yield roots
        return
    work_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".unpacked-", dir=work_dir))
    try:
        for archive in archives:
            _unpack(archive, folder)
        yield [*roots, folder]
    finally:
        shutil.rmtree(folder)


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack one archive."""
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise ValueError(f"{archive} is neither a folder nor a whole zip ({error})") from error


def find_layout(
    roots: Sequence[Path], layout: str | None = None
) -> tuple[str, dict[str, SplitFiles]]:
    """Find the splits in the folders or one folder below them.

    Args:
        roots: Folders to look in.
        layout: One of :data:`LAYOUTS`; None takes the first that is there, in that order.

    Raises:
        FileNotFoundError: If nothing is laid out as LEVIR-Ship.
    """
    below = [sub for root in roots for sub in sorted(root.iterdir()) if sub.is_dir()]
    folders = [*roots, *below]
    find = {"yolo": _find_yolo, "coco": _find_coco, "unpartitioned": _find_whole}
    for name in LAYOUTS if layout is None else (layout,):
        splits = find[name](folders)
        if splits:
            return name, splits
    raise FileNotFoundError(
        f"no {layout or 'LEVIR-Ship'} layout in {', '.join(map(str, roots))}. Give the folder or "
        "zip files that hold train/images and train/labels (YOLO), instances_train2017.json and "
        "its images (COCO), or All_images and All_labels (unpartitioned)."
    )


def _find_yolo(folders: Sequence[Path]) -> dict[str, SplitFiles]:
    splits: dict[str, SplitFiles] = {}
    for split, names in _SPLIT_FOLDERS.items():
        for folder in (folder / name for folder in folders for name in names):
            if (folder / "images").is_dir() and (folder / "labels").is_dir():
                splits.setdefault(split, SplitFiles(folder / "images", folder / "labels"))
    return splits


def _find_coco(folders: Sequence[Path]) -> dict[str, SplitFiles]:
    splits = {}
    for split in SPLITS:
        name = f"instances_{split}2017.json"
        files = [path for f in folders for path in (f / name, f / "annotations" / name)]
        found = next((path for path in files if path.is_file()), None)
        if found:
            splits[split] = SplitFiles(_coco_images(folders, split), found)
    return splits


def _coco_images(folders: Sequence[Path], split: str) -> Path | None:
    """Find the folder of a split's images; a folder of the split is preferred to a common one."""
    for name in (f"{split}2017", f"images/{split}2017", f"images/{split}", f"{split}/images"):
        for folder in folders:
            if (folder / name).is_dir():
                return folder / name
    for folder in folders:
        if (folder / "images").is_dir():
            return folder / "images"
    return None


def _find_whole(folders: Sequence[Path]) -> dict[str, SplitFiles]:
    for folder in folders:
        if folder.name in sum(_SPLIT_FOLDERS.values(), ()):
            continue  # one split of the published partition, not the whole
        for images, labels in _WHOLE_FOLDERS:
            if (folder / images).is_dir() and (folder / labels).is_dir():
                return {WHOLE: SplitFiles(folder / images, folder / labels)}
    return {}
