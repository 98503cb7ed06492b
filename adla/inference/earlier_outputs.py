"""Pictures of an earlier prediction, also of a killed one: no images to detect in."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from adla.atomic_files import atomic_file
from adla.datasets.image_reading import IMAGE_SUFFIXES

from .result_writers import FORMATS
from .resume_log import FOLDER

#: Name of the list of pictures in a folder of outputs, a name per line.
LIST = ".predict_outputs"


def record_pictures(out: Path, files: Iterable[Path]) -> None:
    """Add the pictures among some files of a folder of outputs, written or not, to its list."""
    pictures = {file.relative_to(out).as_posix() for file in files if file.suffix in IMAGE_SUFFIXES}
    known = _read_list(out)
    if pictures - known:
        with atomic_file(out / LIST) as stream:
            stream.write("".join(f"{name}\n" for name in sorted(pictures | known)))


def _read_list(folder: Path) -> set[str]:
    try:
        return set((folder / LIST).read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return set()


class EarlierOutputs:
    """Tells the pictures of earlier predictions from images."""

    def __init__(self) -> None:
        self._of_folder = lru_cache(maxsize=None)(_find_outputs)

    def __contains__(self, file: Path) -> bool:
        file = file.absolute()
        return any(file in self._of_folder(folder) for folder in file.parents)


def _find_outputs(folder: Path) -> frozenset[Path]:
    """Return the pictures of a prediction whose outputs are in a folder."""
    names = _read_list(folder)
    beside = [FORMATS["coco"], FORMATS["results"], FOLDER]
    if any((folder / name).exists() for name in beside):
        names.add(FORMATS["picture"])
    return frozenset(folder / name for name in names)
