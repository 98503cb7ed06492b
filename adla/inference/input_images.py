"""Which images a prediction is for: their files, their names, their ids."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from adla.datasets.coco_file import load_coco
from adla.datasets.image_reading import IMAGE_SUFFIXES


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
    """Find the files that are meant; ids count from 1.

    Args:
        inputs: Images, folders (searched with all that is in them) and patterns such as 'a/*.tif'.
        out: Folder of the outputs, whose pictures do not count if it lies in one of the inputs.

    Returns:
        Each file once. Its name is relative to the folder, or else the bare file name; if that
        would give two files one name, all keep their paths.

    Raises:
        FileNotFoundError: If one of the inputs is not there or holds no image.
    """
    names: dict[Path, str] = {}
    for each in inputs:
        path = Path(each)
        if path.is_dir():
            found = {
                file: file.relative_to(path).as_posix()
                for file in sorted(path.rglob("*"))
                if file.suffix.lower() in IMAGE_SUFFIXES
                and file.is_file()
                and out not in file.parents
            }
            if not found:
                raise FileNotFoundError(
                    f"no image in the folder {each} ({', '.join(IMAGE_SUFFIXES)})"
                )
        elif path.exists() or not has_magic(each):
            if not path.is_file():
                raise FileNotFoundError(f"no such image or folder: {each}")
            found = {path: path.name}
        else:
            files = [Path(file) for file in sorted(glob(each, recursive=True))]
            found = {file: file.name for file in files if file.is_file()}
            if not found:
                raise FileNotFoundError(f"no file matches {each}")
        names = {**found, **names}
    if max(Counter(names.values()).values()) > 1:
        names = {path: path.as_posix() for path in names}
    return [ImageFile(path, name, number) for number, (path, name) in enumerate(names.items(), 1)]


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
        ValueError: If it is no COCO file, names an image that is not there, or lacks a class.
    """
    coco = load_coco(ann_file)
    there = {image.name: image.path for image in images}
    names = {image["file_name"]: image["id"] for image in coco["images"]}
    category_ids = {category["name"]: category["id"] for category in coco["categories"]}
    if missing := [name for name in names if name not in there]:
        raise ValueError(
            f"{len(missing)} of {len(names)} images of {ann_file} are not among the inputs, such "
            f"as {missing[0]}: name the folder that its file names are relative to"
        )
    if unknown := [name for name in classes if name not in category_ids]:
        raise ValueError(f"{ann_file} lacks {len(unknown)} classes, such as {unknown[0]}")
    adopted = [ImageFile(there[name], name, number) for name, number in names.items()]
    return adopted, [category_ids[name] for name in classes]
