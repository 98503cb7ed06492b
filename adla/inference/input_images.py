"""Which images a prediction is for: their files, their names, their ids."""

import os
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from adla.datasets.coco_file import load_coco
from adla.datasets.image_identity import file_identity, unique_map
from adla.datasets.image_reading import IMAGE_SUFFIXES

from .earlier_outputs import EarlierOutputs


@dataclass(frozen=True)
class ImageFile:
    """An image to predict for.

    Attributes:
        path: Its file.
        name: How the outputs call it.
        image_id: Its id in the outputs.
    """

    path: Path
    name: str
    image_id: int


def find_images(inputs: Sequence[str], out: Path | None = None) -> list[ImageFile]:
    """Find the files that are meant; ids count from 1, in the order of the inputs.

    Args:
        inputs: Images, folders (searched with all that is in them) and patterns such as 'a/*.tif'.
        out: Folder of the outputs; what is in it does not count if it lies in one of the inputs.

    Returns:
        Each file once, also where several paths or links lead to it. Its name is relative to the
        folder, or else the bare file name; if that would give two files one name, all keep their
        paths. Pictures of earlier predictions are left out.

    Raises:
        FileNotFoundError: If one of the inputs is not there or holds no image.
        ValueError: If one of the inputs is a picture of an earlier prediction.
    """
    outputs, files = EarlierOutputs(), dict[Hashable, tuple[Path, str]]()
    for each in inputs:
        for path, name in _find(each, out, outputs).items():
            files.setdefault(file_identity(path), (path, name))
    names = dict(files.values())
    if max(Counter(names.values()).values()) > 1:
        names = {path: path.as_posix() for path in names}
    return [ImageFile(path, name, number) for number, (path, name) in enumerate(names.items(), 1)]


def _find(each: str, out: Path | None, outputs: EarlierOutputs) -> dict[Path, str]:
    """Return the files that one input means, and their names."""
    path = Path(each)
    if path.is_dir():
        found = {
            file: file.relative_to(path).as_posix()
            for file in sorted(path.rglob("*"))
            if file.suffix.lower() in IMAGE_SUFFIXES
            and file.is_file()
            and not _is_below(out, file, path)
            and file not in outputs
        }
        if not found:
            raise FileNotFoundError(f"no image in the folder {each} ({', '.join(IMAGE_SUFFIXES)})")
        return found
    if path.exists() or not has_magic(each):
        if not path.is_file():
            raise FileNotFoundError(f"no such image or folder: {each}")
        if path in outputs:
            raise ValueError(f"{each} is what an earlier prediction has written, and no image")
        return {path: path.name}
    files = [Path(file) for file in sorted(glob(each, recursive=True))]
    found = {file: file.name for file in files if file.is_file() and file not in outputs}
    if not found:
        raise FileNotFoundError(f"no file matches {each}")
    return found


def _is_below(out: Path | None, file: Path, root: Path) -> bool:
    """Whether a file is in the folder of the outputs, and that is below the searched folder."""
    if out is None:
        return False
    out, root = out.resolve(), root.resolve()
    return root in out.parents and out in file.resolve().parents


def adopt_ids(
    images: Sequence[ImageFile], classes: Sequence[str], ann_file: Path
) -> tuple[list[ImageFile], list[int]]:
    """Take images and ids from a COCO file, so that the detections can be compared with its boxes.

    Args:
        images: The images that are there; those that the file does not name are left out.
        classes: Class names, by label.
        ann_file: COCO json.

    Returns:
        The images with their ids, and the category id of each label.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no COCO file, names an image that is not there or one file under
            several ids, or lacks a class.
    """
    coco = load_coco(ann_file)
    inputs = _Inputs(images)
    names = [image["file_name"] for image in coco["images"]]
    there = [inputs.find(name) for name in names]
    if missing := [name for name, image in zip(names, there, strict=True) if image is None]:
        raise ValueError(
            f"{len(missing)} of {len(names)} images of {ann_file} are not among the inputs, such "
            f"as {missing[0]}: name the folder that its file names are relative to"
            f"{inputs.other_case(missing[0])}"
        )
    paths = [str(image.path) for image in there if image is not None]
    unique_map(
        zip(paths, (image["id"] for image in coco["images"]), strict=True),
        "the image file",
        ann_file,
    )
    category_ids = unique_map(
        ((category["name"], category["id"]) for category in coco["categories"]),
        "the category",
        ann_file,
    )
    if unknown := [name for name in classes if name not in category_ids]:
        raise ValueError(f"{ann_file} lacks {len(unknown)} classes, such as {unknown[0]}")
    adopted = [
        ImageFile(Path(path), image["file_name"], image["id"])
        for path, image in zip(paths, coco["images"], strict=True)
    ]
    return adopted, [category_ids[name] for name in classes]


class _Inputs:
    """Images by the names that an annotation file may give them.

    Args:
        images: The images.
    """

    def __init__(self, images: Sequence[ImageFile]) -> None:
        self._names = {os.path.normpath(image.name): image for image in images}
        self._files = {file_identity(image.path): image for image in images}
        self._folders = {_folder_of(image) for image in images}

    def find(self, name: str) -> ImageFile | None:
        """Return the image of a name, in whatever spelling, or None."""
        image = self._names.get(os.path.normpath(name))
        found = (self._files.get(file_identity(folder / name)) for folder in self._folders)
        return image or next(filter(None, found), None)

    def other_case(self, name: str) -> str:
        """Return a hint at a name that differs in upper and lower case alone, or ''."""
        alike = [known for known in self._names if known.casefold() == name.casefold()]
        return f"; there is {alike[0]}, in other case" if alike else ""


def _folder_of(image: ImageFile) -> Path:
    """Return the folder that the name of an image is relative to."""
    return Path(*image.path.parts[: -len(Path(image.name).parts)])
